"""Who said a name, when, and how sure it is: what the names of works, parties and recordings have in common.

A name is never changed. It may be confirmed once and ended once; whoever knows better adds another one.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from portal.accounts.access import Reader, sees_everything
from works.search import rows_with


class NameSource(models.TextChoices):
    REGISTER = "register", _("the register, before names said from whom they came")
    PUBLISHER = "publisher", _("a publisher")
    MEMBER = "member", _("a member")
    STAFF = "staff", _("the society")
    SERVICE = "service", _("a service")
    FILE = "file", _("an imported file")


class NameState(models.TextChoices):
    """How sure a name is. Stated and disputed names are matched by; an ended one is only remembered."""

    STATED = "stated", _("stated")
    CONFIRMED = "confirmed", _("confirmed")
    DISPUTED = "disputed", _("disputed")
    ENDED = "ended", _("withdrawn")


class NameKind(models.TextChoices):
    """One list for the names of everything; WorkTitle writes the codes of CWR for it."""

    ORIGINAL = "original", _("original")
    ALTERNATIVE = "alternative", _("alternative")
    TRANSLATED = "translated", _("translated")
    ROMANISED = "romanised", _("romanised")
    STAGE = "stage", _("stage name")
    MEMBER = "member", _("member of the group")
    SERVICE = "service", _("as a service writes it")


class NameQuerySet(QuerySet[Any]):
    """Names of works, of parties or of recordings; the model says which."""

    def standing(self) -> Self:
        return self.filter(ended_at__isnull=True)

    def with_state(self) -> Self:
        """`state`: a NameState, from the name's own end and confirmation and its open dispute."""
        disputes = apps.get_model("works", "NameDispute")._default_manager.filter(settled_at__isnull=True)
        return self.annotate(
            state=Case(
                When(ended_at__isnull=False, then=Value(NameState.ENDED)),
                When(
                    Exists(disputes.filter(**{self.model.dispute_field: OuterRef("pk")})),
                    then=Value(NameState.DISPUTED),
                ),
                When(confirmed_at__isnull=False, then=Value(NameState.CONFIRMED)),
                default=Value(NameState.STATED),
                output_field=models.CharField(),
            )
        )

    def of_kind(self, kind: str) -> Self:
        """Of a NameKind."""
        return self.filter(kind=self.model.KIND_CODES.get(kind, kind))

    def search(self, text: str) -> Self:
        """By a piece of the name as people type it (works.search), or by the reference of what it names.

        Both are united before the names are read, so that each uses its index.
        """
        wanted = " ".join(text.replace("\0", " ").split())
        if not wanted:
            return self
        names = self.model._default_manager.order_by()
        pieces = names.filter(pk__in=rows_with(self.model._meta.db_table, "id", "text", wanted))
        found = pieces.values("pk").union(names.filter(self.model.referred(wanted.upper())).values("pk"))
        return self.filter(pk__in=found)

    def said_once(self, user: Reader) -> Self:
        """But what a merged work is called, where the reader sees the work it became: that one has the name as well.

        A name of a merged work that was ended before is nobody else's, and stays.
        """
        if self.model.subject_field != "work":
            return self
        kept = Q(ended_at__isnull=False) | Q(work__merged_into__isnull=True)
        if not sees_everything(user):
            works = apps.get_model("works", "Work")._default_manager.visible_to(user)
            kept |= Q(work__merged_into__isnull=False) & ~Q(work__merged_into__in=works)
        return self.filter(kept)

    def visible_to(self, user: Reader) -> Self:
        """Whoever sees the work or the party sees its names; of a recording, whoever sees one of its works."""
        if sees_everything(user):
            return self
        return self.filter(self.model.named_within(user))


class Said(models.Model):
    """What is known about the saying of a name, apart from the name."""

    LETTER: ClassVar[str]  # with the row's number it is what pages and files call the name: T12
    KIND_CODES: ClassVar[dict[str, str]] = {}  # NameKind to what this table writes, where they differ
    dispute_field: ClassVar[str]
    subject_field: ClassVar[str]
    state: str  # a NameState, of rows that `with_state` asked for

    source = models.CharField(
        max_length=10, choices=NameSource.choices, default=NameSource.REGISTER, db_default=NameSource.REGISTER
    )
    said_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    said_for = models.ForeignKey(  # the organisation the person spoke for
        "accounts.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    said_at = models.DateTimeField(db_default=Now())
    note = models.CharField(max_length=300, blank=True, default="", db_default="")  # where it can be seen
    file = models.ForeignKey(
        "files.StoredFile", on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    end_reason = models.CharField(max_length=300, blank=True, default="", db_default="")

    objects = NameQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def number(self) -> str:
        return f"{self.LETTER}{self.pk}"

    @property
    def named(self) -> Any:
        """The work, party or recording of this name."""
        return getattr(self, self.subject_field)

    @property
    def kind_word(self) -> NameKind:
        """The kind as one of NameKind."""
        words = {code: word for word, code in self.KIND_CODES.items()}
        code = str(getattr(self, "kind"))  # noqa: B009 - each table declares its own choices
        return NameKind(words.get(code, code))

    @property
    def state_words(self) -> str:
        """The state that `with_state` gave, in words."""
        return str(NameState(self.state).label)

    @classmethod
    def referred(cls, ref: str) -> Q:
        raise NotImplementedError

    @classmethod
    def named_within(cls, user: Reader) -> Q:
        raise NotImplementedError
