"""Who disagrees: cases with their parties, papers and history."""

from __future__ import annotations

from fractions import Fraction

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_lazy as _

from claims.querysets import CaseQuerySet
from claims.rules import Check, Seat
from portal.lib.refs import new_ref


def case_ref() -> str:
    return new_ref("K")


class Case(models.Model):
    """A dispute about a share of a work, or a claim on an unmatched song."""

    class Kind(models.TextChoices):
        SHARE = "share", _("share of a work")
        UNMATCHED = "unmatched", _("unmatched song is mine")

    class State(models.TextChoices):
        FILED = "filed", _("filed, papers being checked")
        PAPERS_MISSING = "papers_missing", _("papers to be completed")
        DISPUTED = "disputed", _("papers complete, disputed part held")
        CLOSED = "closed", _("closed")

    class Outcome(models.TextChoices):
        AGREEMENT = "agreement", _("agreement")
        WITHDRAWAL = "withdrawal", _("withdrawal")
        SILENCE = "silence", _("silence")
        COURT = "court", _("court decision")

    ref = models.CharField(max_length=12, unique=True, default=case_ref)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=14, choices=State.choices, default=State.FILED)
    claimant = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT, related_name="cases")
    claimant_party = models.ForeignKey(
        "works.Party", on_delete=models.PROTECT, related_name="+"
    )  # who would own what is claimed
    work = models.ForeignKey("works.Work", on_delete=models.PROTECT, related_name="cases")
    share = models.ForeignKey(
        "works.Share", on_delete=models.PROTECT, null=True, related_name="cases"
    )  # the share disputed
    recording = models.ForeignKey(
        "royalties.ReportedRecording",
        on_delete=models.PROTECT,
        null=True,
        related_name="cases",
    )
    numerator = models.BigIntegerField(default=1)  # the disputed part of the work
    denominator = models.BigIntegerField(default=1)
    from_date = models.DateField()  # usage from this day on
    reason = models.TextField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    granted = models.BooleanField(null=True)  # does the claimed part go to the claimant?
    outcome_note = models.TextField(blank=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    objects = CaseQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=(Q(kind="share") & Q(share__isnull=False, recording__isnull=True))
                | (Q(kind="unmatched") & Q(share__isnull=True, recording__isnull=False)),
                name="case_is_about_a_share_or_a_song",
            ),
            models.CheckConstraint(
                condition=(Q(state="closed") & ~Q(outcome="") & Q(granted__isnull=False))
                | (~Q(state="closed") & Q(outcome="")),
                name="closed_case_says_how_it_ended",
            ),
            models.CheckConstraint(
                condition=Q(numerator__gt=0, denominator__gt=0) & Q(numerator__lte=F("denominator")),
                name="disputed_part_is_a_proper_fraction",
            ),
        )

    def __str__(self) -> str:
        return self.ref

    @property
    def fraction(self) -> Fraction:
        return Fraction(self.numerator, self.denominator)


class CaseParty(models.Model):
    """An organisation that is concerned by a case and sees it."""

    class Side(models.TextChoices):
        CLAIMANT = "claimant", _("claimant")
        HOLDER = "holder", _("present holder")
        CONCERNED = "concerned", _("concerned")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="parties")
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT, related_name="case_sides")
    side = models.CharField(max_length=9, choices=Side.choices)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["case", "organisation"], name="organisation_is_in_a_case_once"),)

    def __str__(self) -> str:
        return f"{self.organisation} ({self.side})"


class Attachment(models.Model):
    """A paper filed in a case."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="attachments")
    file = models.ForeignKey("files.StoredFile", on_delete=models.PROTECT, related_name="+")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    on_behalf_of = models.ForeignKey(  # whom a delegate acted for
        "accounts.Organisation", on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.file.label

    @property
    def who(self) -> str:
        return named(self.added_by.name, self.on_behalf_of.name if self.on_behalf_of else "")


class CaseEvent(models.Model):
    """What happened in a case, in order. Append-only by rights and by trigger."""

    class Action(models.TextChoices):
        FILED = "filed", _("filed")
        PAPERS_ADDED = "papers_added", _("papers added")
        PAPERS_RETURNED = "papers_returned", _("papers returned to be completed")
        PAPERS_ACCEPTED = "papers_accepted", _("papers accepted as complete")
        MESSAGE = "message", _("message")
        CLOSED = "closed", _("closed")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="events")
    action = models.CharField(max_length=16, choices=Action.choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    text = models.TextField(blank=True)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("created_at", "id")

    def __str__(self) -> str:
        return f"{self.case} {self.action}"

    @property
    def who(self) -> str:
        return named(self.actor.name if self.actor else "", self.on_behalf_of)

    @property
    def on_behalf_of(self) -> str:
        """Whom a delegate acted for."""
        return str(self.data.get("on_behalf_of", ""))

    @property
    def organisation(self) -> str:
        """Where the actor sat; not said beside whom a delegate acted for, which is the same."""
        return "" if self.on_behalf_of else str(self.data.get("organisation", ""))

    @property
    def seat(self) -> Seat | None:
        seat = self.data.get("seat", "")
        return Seat(seat) if seat in set(Seat) else None

    @property
    def paper(self) -> str:
        return str(self.data.get("paper", ""))

    @property
    def checks(self) -> list[Check]:
        """What staff ticked when they accepted the papers."""
        return [Check(check) for check in self.data.get("checks", [])]

    @property
    def share_followed(self) -> bool:
        """Not a message, but another case's end: the disputed share was followed by a smaller one."""
        return bool(self.data.get("followed", False))

    @property
    def share_before(self) -> Fraction | None:
        """The present holder's share before a decision took a part of it; with share_after, or neither."""
        return Fraction(self.data["before"]) if "after" in self.data else None

    @property
    def share_after(self) -> Fraction | None:
        return Fraction(self.data["after"]) if "after" in self.data else None


def named(actor: str, on_behalf_of: str) -> str:
    """Who did something; a delegate never without the name of whom she acted for."""
    if not on_behalf_of:
        return actor
    return gettext("%(delegate)s for %(writer)s") % {"delegate": actor, "writer": on_behalf_of}
