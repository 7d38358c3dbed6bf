"""Who owns what: parties and their names, works and their titles, recordings, shares as exact fractions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from fractions import Fraction

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.fields.json import KT
from django.utils.translation import gettext_lazy as _

from portal.accounts.access import Reader
from portal.lib.errors import DomainError
from portal.lib.refs import new_ref
from works.catalogue.base import REFUSALS
from works.durations import write_duration
from works.identifiers import parse_isrc
from works.provenance import NameKind, Said
from works.querysets import (
    CatalogueUploadQuerySet,
    ChangeLogQuerySet,
    NameDisputeQuerySet,
    NamesUploadQuerySet,
    PartyQuerySet,
    ShareConflictQuerySet,
    ShareQuerySet,
    UndoneQuerySet,
    WorkQuerySet,
)

WORLD = 2136  # TIS code; China is 156 (without Hong Kong, Macao, Taiwan), Korea 410
CHINA = 156
SINCE_EVER = dt.date(1900, 1, 1)
RECORDING_NUMBER = "REC-"  # no ISRC is written with this
LONGEST_ID = 19  # digits that a number of a row may not reach


def work_ref() -> str:
    return new_ref("W")


def party_ref() -> str:
    return new_ref("P")


def upload_ref() -> str:
    return new_ref("U")


def names_upload_ref() -> str:
    return new_ref("B")


def merge_ref() -> str:
    return new_ref("G")


def difference_ref() -> str:
    return new_ref("N")


class Script(models.TextChoices):
    """ISO 15924, as far as titles and names here need it."""

    HANGUL = "Hang", _("Hangul")
    HANJA = "Hani", _("Hanja")
    SIMPLIFIED = "Hans", _("Simplified Chinese")
    TRADITIONAL = "Hant", _("Traditional Chinese")
    LATIN = "Latn", _("Latin")
    KANA = "Jpan", _("Japanese")
    OTHER = "Zyyy", _("other")


class Right(models.TextChoices):
    PERFORMING = "performing", _("performing right")
    MECHANICAL = "mechanical", _("mechanical right")
    SYNCHRONISATION = "synchronisation", _("synchronisation right")


class Society(models.Model):
    """A collecting society by its three-digit CISAC code."""

    code = models.CharField(max_length=3, primary_key=True)
    name = models.CharField(max_length=100)
    territory = models.IntegerField()

    class Meta:
        verbose_name_plural = "societies"

    def __str__(self) -> str:
        return self.name


class Party(models.Model):
    """A writer or a publisher (an interested party), or a performer, who owns no works but is what songs are found by.

    Its organisation, if any, is whoever signs in for it.
    """

    class Kind(models.TextChoices):
        WRITER = "writer", _("writer")
        PUBLISHER = "publisher", _("publisher")
        PERFORMER = "performer", _("performer")

    ref = models.CharField(max_length=12, unique=True, default=party_ref)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=200)  # the name it goes by; the others are PartyName rows
    ipi_name_number = models.CharField(max_length=11, null=True, blank=True, unique=True)
    isni = models.CharField(max_length=16, blank=True)
    organisation = models.ForeignKey(
        "accounts.Organisation",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="parties",
    )
    brought_by = models.ForeignKey(  # the publisher whose catalogue named it first; may find it by its name alone
        "accounts.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PartyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "parties"
        indexes = (models.Index(fields=["name"], name="party_name"),)

    def __str__(self) -> str:
        return self.name


class PartyName(Said):
    """One way of writing a party's name. It is ended and followed, never changed (0008)."""

    LETTER = "P"
    dispute_field = "party_name"
    subject_field = "party"

    Kind = NameKind

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="names")
    text = models.CharField(max_length=200)
    language = models.CharField(max_length=10, blank=True, default="", db_default="")
    script = models.CharField(max_length=4, choices=Script.choices)
    kind = models.CharField(max_length=12, choices=NameKind.choices)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["party", "text"],
                condition=Q(ended_at__isnull=True),
                include=["id"],
                name="party_has_a_name_once",
            ),
        )

    def __str__(self) -> str:
        return self.text

    @classmethod
    def referred(cls, ref: str) -> Q:
        return Q(party__ref=ref) | Q(party__ipi_name_number=ref)

    @classmethod
    def named_within(cls, user: Reader) -> Q:
        return Q(party__in=Party.objects.visible_to(user))


class PartyKey(models.Model):
    """What a party is looked up by: an exact key of one of its names, made by works.names.keys. Derived, can be rebuilt."""

    party = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="keys", db_index=False)
    key = models.CharField(max_length=300)
    text = models.CharField(max_length=200)  # the name that gave the key
    kind = models.CharField(max_length=10)  # of the party, which never changes it: people are found without their rows

    class Meta:
        constraints = (models.UniqueConstraint(fields=["party", "key"], name="party_has_a_key_once"),)
        indexes = (models.Index(fields=["key", "party"], include=["kind", "text"], name="party_by_key"),)

    def __str__(self) -> str:
        return self.key


class Affiliation(models.Model):
    """Who collects for a party: a society, nobody (non-member), or nobody ever again (public domain).

    An empty right means every right, WORLD every territory; the narrower row wins. A party without a row in force is
    unknown, which is not the same as a non-member.
    """

    class Kind(models.TextChoices):
        SOCIETY = "society", _("member of a society")
        NON_MEMBER = "non_member", _("not a member of any society")
        PUBLIC_DOMAIN = "public_domain", _("public domain")

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="affiliations")
    kind = models.CharField(max_length=14, choices=Kind.choices)
    society = models.ForeignKey(Society, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    right = models.CharField(max_length=16, choices=Right.choices, blank=True)
    territory = models.IntegerField(default=WORLD)
    from_date = models.DateField(default=SINCE_EVER)
    until_date = models.DateField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=(Q(kind="society") & Q(society__isnull=False))
                | (~Q(kind="society") & Q(society__isnull=True)),
                name="affiliation_names_a_society_if_it_is_one",
            ),
            models.CheckConstraint(
                condition=Q(until_date__isnull=True) | Q(until_date__gt=F("from_date")),
                name="affiliation_ends_after_it_begins",
            ),
            # affiliations_never_overlap: an exclusion constraint over party, right, territory and days, in 0002_rules
        )

    def __str__(self) -> str:
        return f"{self.party} · {self.society or self.get_kind_display()}"


class Work(models.Model):
    """A musical work: words and music, apart from any recording of it."""

    ref = models.CharField(max_length=12, unique=True, default=work_ref)
    title = models.CharField(max_length=300)  # its original title; all its titles are WorkTitle rows
    iswc = models.CharField(max_length=11, null=True, blank=True, unique=True)  # T + 10 digits, no punctuation
    registered_by = models.ForeignKey(
        "accounts.Organisation",
        on_delete=models.PROTECT,
        null=True,
        related_name="works",
    )
    submitter_ref = models.CharField(max_length=40, blank=True)  # the publisher's own number for the work
    merged_into = models.ForeignKey(  # the work that this one turned out to be; never one that was merged itself
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged_works", db_index=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WorkQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["registered_by", "submitter_ref"],
                condition=~Q(submitter_ref=""),
                name="work_number_is_unique_for_its_submitter",
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")), name="work_is_not_merged_into_itself"
            ),
        )
        indexes = (
            models.Index(fields=["title", "id"], name="work_by_title"),
            models.Index(  # few are
                fields=["merged_into", "id"], name="merged_work", condition=Q(merged_into__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return self.title


class TitleKind(models.TextChoices):
    """Title types of CWR, as far as used; SV is ours."""

    ORIGINAL = "OT", _("original title")
    ALTERNATIVE = "AT", _("alternative title")
    TRANSLATED = "TT", _("translated title")
    ROMANISED = "RT", _("romanised title")
    SERVICE = "SV", _("as a service writes it")


TITLE_CODES = {
    NameKind.ORIGINAL.value: TitleKind.ORIGINAL.value,
    NameKind.ALTERNATIVE.value: TitleKind.ALTERNATIVE.value,
    NameKind.TRANSLATED.value: TitleKind.TRANSLATED.value,
    NameKind.ROMANISED.value: TitleKind.ROMANISED.value,
    NameKind.SERVICE.value: TitleKind.SERVICE.value,
}


class WorkTitle(Said):
    """One title of a work, with the language and script it is written in. It is ended and followed, never changed (0008)."""

    LETTER = "T"
    KIND_CODES = TITLE_CODES
    dispute_field = "work_title"
    subject_field = "work"

    Kind = TitleKind

    work = models.ForeignKey(Work, on_delete=models.PROTECT, related_name="titles")
    text = models.CharField(max_length=300)
    language = models.CharField(max_length=10, blank=True)
    script = models.CharField(max_length=4, choices=Script.choices)
    kind = models.CharField(max_length=2, choices=TitleKind.choices)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["work", "text"], condition=Q(ended_at__isnull=True), name="work_has_a_title_once"
            ),
        )

    def __str__(self) -> str:
        return self.text

    @classmethod
    def referred(cls, ref: str) -> Q:
        return Q(work__ref=ref) | Q(work__iswc=ref)

    @classmethod
    def named_within(cls, user: Reader) -> Q:
        return Q(work__in=Work.objects.visible_to(user))


class WorkKey(models.Model):
    """What a work is looked up by: an exact key of one of its titles, made by works.names.keys. Derived, can be rebuilt."""

    work = models.ForeignKey(Work, on_delete=models.CASCADE, related_name="keys", db_index=False)
    key = models.CharField(max_length=300)
    text = models.CharField(max_length=300)  # the title that gave the key

    class Meta:
        constraints = (models.UniqueConstraint(fields=["work", "key"], name="work_has_a_key_once"),)
        indexes = (models.Index(fields=["key", "work"], name="work_by_key"),)

    def __str__(self) -> str:
        return self.key


class WorkPerformer(models.Model):
    """Who performs a work on any of its recordings. Derived from the recordings' texts: each artist in them is a party."""

    work = models.ForeignKey(Work, on_delete=models.CASCADE, related_name="performers", db_index=False)
    party = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="performed_works", db_index=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["party", "work"], name="party_performs_a_work_once"),)
        indexes = (models.Index(fields=["work"], include=["party"], name="performer_of_work"),)

    def __str__(self) -> str:
        return f"{self.work} · {self.party}"


class PerformedKey(models.Model):
    """A key of a title of a work beside one of its performers, so that the two are looked up at once. Derived, can be rebuilt.

    Songs are asked for by performer and title: a title alone has thousands of works, and a performer too.
    """

    party = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    key = models.CharField(max_length=300)
    work = models.ForeignKey(Work, on_delete=models.CASCADE, related_name="+", db_constraint=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["party", "key", "work"], name="party_performs_a_title_once"),)

    def __str__(self) -> str:
        return self.key


class Repertoire(models.Model):
    """What a performer performs, to be read in one row and in few steps. Derived from PerformedKey, can be rebuilt.

    keys: of the titles of all its works, in order, a line each. works: of each key the number of the work, 4 bytes (a register
    has no two thousand million works). Both are empty where there are too many keys (derive.KEYS_OF_AN_ARTIST).
    """

    party = models.OneToOneField(
        Party, on_delete=models.CASCADE, related_name="+", primary_key=True, db_constraint=False
    )
    keys = models.TextField()
    works = models.BinaryField()

    def __str__(self) -> str:
        return str(self.party)


class Recording(models.Model):
    """A recording as the register knows it, with or without an ISRC."""

    isrc = models.CharField(max_length=12, null=True, blank=True, unique=True)
    title = models.CharField(max_length=300)
    performer = models.CharField(max_length=300)
    album = models.CharField(max_length=300, blank=True, db_default="")
    duration_seconds = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.title} · {self.performer}"

    @property
    def duration(self) -> str:
        """As pages and files write it, 3:45; "" where it is not known."""
        return write_duration(self.duration_seconds)

    @property
    def ref(self) -> str:
        """What pages and files call it: its ISRC, or where it has none the register's own number."""
        return self.isrc or f"{RECORDING_NUMBER}{self.pk}"

    @classmethod
    def referred(cls, refs: Iterable[str]) -> Q:
        """The recordings that pages and files call so."""
        numbers = [ref.removeprefix(RECORDING_NUMBER) for ref in refs if ref.startswith(RECORDING_NUMBER)]
        ids = [int(number) for number in numbers if number.isascii() and number.isdigit() and len(number) < LONGEST_ID]
        return Q(isrc__in=[parse_isrc(ref).value for ref in refs]) | Q(pk__in=ids)


class RecordingTitle(Said):
    """A further title of a recording, beside the one it stands under. It finds the work that the recording is whole."""

    LETTER = "R"
    KIND_CODES = TITLE_CODES
    dispute_field = "recording_title"
    subject_field = "recording"

    Kind = TitleKind

    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="titles")
    text = models.CharField(max_length=300)
    language = models.CharField(max_length=10, blank=True)
    script = models.CharField(max_length=4, choices=Script.choices)
    kind = models.CharField(max_length=2, choices=TitleKind.choices)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["recording", "text"], condition=Q(ended_at__isnull=True), name="recording_has_a_title_once"
            ),
        )

    def __str__(self) -> str:
        return self.text

    @classmethod
    def referred(cls, ref: str) -> Q:
        recordings = Recording.objects.filter(Recording.referred([ref]))
        return Q(recording__in=recordings) | Q(recording__parts__work__ref=ref)

    @classmethod
    def named_within(cls, user: Reader) -> Q:
        parts = RecordingWork.objects.filter(work__in=Work.objects.visible_to(user))
        return Q(recording__in=parts.values("recording"))


class NameDispute(models.Model):
    """Somebody says that a name is not one. It goes on being matched by until staff keep it or end it."""

    class Outcome(models.TextChoices):
        OPEN = "", _("open")
        KEPT = "kept", _("the name stays")
        ENDED = "ended", _("the name was taken away")
        WITHDRAWN = "withdrawn", _("whoever had said the name withdrew it")

    party_name = models.ForeignKey(PartyName, on_delete=models.PROTECT, null=True, related_name="disputes")
    work_title = models.ForeignKey(WorkTitle, on_delete=models.PROTECT, null=True, related_name="disputes")
    recording_title = models.ForeignKey(RecordingTitle, on_delete=models.PROTECT, null=True, related_name="disputes")
    reason = models.CharField(max_length=300)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    opened_for = models.ForeignKey(
        "accounts.Organisation", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    opened_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=9, choices=Outcome.choices, blank=True, default=Outcome.OPEN)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    settle_reason = models.CharField(max_length=300, blank=True)

    objects = NameDisputeQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(party_name__isnull=False, work_title__isnull=True, recording_title__isnull=True)
                | Q(party_name__isnull=True, work_title__isnull=False, recording_title__isnull=True)
                | Q(party_name__isnull=True, work_title__isnull=True, recording_title__isnull=False),
                name="dispute_is_about_one_name",
            ),
            models.CheckConstraint(
                condition=Q(outcome="", settled_at__isnull=True) | Q(~Q(outcome=""), settled_at__isnull=False),
                name="dispute_is_settled_with_an_outcome",
            ),
            *(
                models.UniqueConstraint(
                    fields=[field], condition=Q(settled_at__isnull=True), name=f"{field}_is_disputed_once_at_a_time"
                )
                for field in ("party_name", "work_title", "recording_title")
            ),
        )

    def __str__(self) -> str:
        return str(self.name)

    @property
    def name_key(self) -> tuple[str, int]:
        """Which of the three fields refers to the name, and the name's number there."""
        fields = ("party_name", "work_title", "recording_title")
        return next((field, pk) for field in fields if (pk := getattr(self, f"{field}_id")) is not None)

    @property
    def name(self) -> PartyName | WorkTitle | RecordingTitle:
        found = (self.party_name, self.work_title, self.recording_title)
        return next(name for name in found if name is not None)  # dispute_is_about_one_name


class RecordingWork(models.Model):
    """Which part of a recording is which work: 1/1, or fractions of a medley."""

    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="parts")
    work = models.ForeignKey(Work, on_delete=models.PROTECT, related_name="parts")
    numerator = models.IntegerField(default=1)
    denominator = models.IntegerField(default=1)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["recording", "work"], name="recording_holds_a_work_once"),
            models.CheckConstraint(
                condition=Q(numerator__gt=0, denominator__gt=0) & Q(numerator__lte=F("denominator")),
                name="part_is_a_proper_fraction",
            ),
        )

    def __str__(self) -> str:
        return f"{self.work} {self.numerator}/{self.denominator}"


class Share(models.Model):
    """Ownership of an exact fraction of a work, for one right and territory, over days. Ended and followed, never changed.

    The database refuses a change of anything but its end, a deletion, and a sum above the whole for any work, right,
    territory and day (0002_rules). Who collects it is another question: see Affiliation and works.shares.
    """

    class Role(models.TextChoices):  # CWR writer designations and publisher types
        COMPOSER = "C", _("composer")
        AUTHOR = "A", _("author (words)")
        COMPOSER_AUTHOR = "CA", _("composer and author")
        ARRANGER = "AR", _("arranger")
        ADAPTOR = "AD", _("adaptor")
        SUB_ARRANGER = "SR", _("sub-arranger")
        SUB_AUTHOR = "SA", _("sub-author")
        TRANSLATOR = "TR", _("translator")
        ORIGINAL_PUBLISHER = "E", _("original publisher")
        SUB_PUBLISHER = "SE", _("sub-publisher")
        ADMINISTRATOR = "AM", _("administrator")

    work = models.ForeignKey(Work, on_delete=models.PROTECT, related_name="shares", db_index=False)
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="shares", db_index=False)
    role = models.CharField(max_length=2, choices=Role.choices)
    right = models.CharField(max_length=16, choices=Right.choices)
    territory = models.IntegerField(default=WORLD)
    numerator = models.BigIntegerField()
    denominator = models.BigIntegerField()
    from_date = models.DateField(default=SINCE_EVER)
    until_date = models.DateField(null=True, blank=True)
    writer_share = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="publisher_shares",
    )
    reason = models.CharField(max_length=200, blank=True)  # why it stands: the upload or the case that made it
    end_reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ShareQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(numerator__gt=0, denominator__gt=0) & Q(numerator__lte=F("denominator")),
                name="share_is_a_proper_fraction",
            ),
            models.CheckConstraint(
                condition=Q(until_date__isnull=True) | Q(until_date__gte=F("from_date")),
                name="share_ends_after_it_begins",
            ),
        )
        indexes = (
            models.Index(fields=["work", "right"], include=["party"], name="share_of_work"),
            models.Index(fields=["party", "work"], name="share_of_party"),
        )

    def __str__(self) -> str:
        return f"{self.party} {self.numerator}/{self.denominator} {self.role}"

    @property
    def fraction(self) -> Fraction:
        return Fraction(self.numerator, self.denominator)


class ShareConflict(models.Model):
    """A claimed share that would exceed the whole: kept whole beside the existing ones, for the room of claims to sweep."""

    work = models.ForeignKey(Work, on_delete=models.PROTECT, related_name="conflicts")
    claimant = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT, related_name="+")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=2, choices=Share.Role.choices)
    right = models.CharField(max_length=16, choices=Right.choices)
    territory = models.IntegerField(default=WORLD)
    numerator = models.BigIntegerField()
    denominator = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ShareConflictQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.work}: {self.party} {self.numerator}/{self.denominator}"


class ChangeLog(models.Model):
    """What changed in the register, who did it and why. Append-only by rights."""

    work = models.ForeignKey(Work, on_delete=models.PROTECT, null=True, related_name="changes")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, null=True, related_name="changes")  # of her names
    action = models.CharField(max_length=60)  # e.g. share.replaced
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=300)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ChangeLogQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.action} {self.created_at:%Y-%m-%d}"


class WorkMerge(models.Model):
    """Two works that a person found to be one. Undone once, never taken away: both stay in the history.

    `moved` is what the survivor got from the other work, by the numbers of the rows, so that it can be given back.
    """

    ref = models.CharField(max_length=12, unique=True, default=merge_ref)
    survivor = models.ForeignKey(Work, on_delete=models.PROTECT, related_name="merges")
    merged = models.ForeignKey(Work, on_delete=models.PROTECT, related_name="merged_by")
    reason = models.CharField(max_length=300, blank=True)
    moved = models.JSONField(default=dict)  # numbers of titles, parts, performers and earlier merged works; iswc
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    undone_at = models.DateTimeField(null=True)

    objects = UndoneQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["merged"], condition=Q(undone_at__isnull=True), name="work_is_merged_once_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(survivor=F("merged")), name="merge_is_of_two_works"),
        )

    def __str__(self) -> str:
        return f"{self.ref} {self.merged} → {self.survivor}"


class WorkDifference(models.Model):
    """Two works that a person found not to be the same, though they look so: they are not offered again until that is undone."""

    ref = models.CharField(max_length=12, unique=True, default=difference_ref)
    one = models.ForeignKey(
        Work, on_delete=models.PROTECT, related_name="+", db_index=False
    )  # the one registered first
    other = models.ForeignKey(Work, on_delete=models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(max_length=300, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    undone_at = models.DateTimeField(null=True)

    objects = UndoneQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["one", "other"], condition=Q(undone_at__isnull=True), name="works_differ_once_at_a_time"
            ),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="difference_names_the_older_work_first"),
        )

    def __str__(self) -> str:
        return f"{self.one} ≠ {self.other}"


class CatalogueUpload(models.Model):
    """A catalogue a publisher sent, with what became of it."""

    ref = models.CharField(max_length=12, unique=True, default=upload_ref)
    organisation = models.ForeignKey(
        "accounts.Organisation",
        on_delete=models.PROTECT,
        related_name="catalogue_uploads",
    )
    file = models.ForeignKey("files.StoredFile", on_delete=models.PROTECT, related_name="+")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    encoding = models.CharField(max_length=10, blank=True)  # how its letters were read, e.g. CP949
    rows = models.IntegerField(default=0)  # known once the file has been read
    works = models.IntegerField(default=0)  # of the file, whatever became of them
    registered = models.IntegerField(default=0)  # works made or extended so far
    ipis = models.JSONField(default=dict)  # {kind: {name: [IPI]}} of names that stand both with and without an IPI
    error_code = models.CharField(max_length=60, blank=True)  # why the file was refused, said in the reader's language
    error_params = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    objects = CatalogueUploadQuerySet.as_manager()

    def __str__(self) -> str:
        return self.ref

    @property
    def refusal(self) -> DomainError | None:
        """Why the whole file was refused, to be said in the reader's language; most files are not."""
        refusal = REFUSALS.get(self.error_code)
        return refusal(**self.error_params) if refusal else None


class NamesUpload(models.Model):
    """A file of names that somebody sent for an organisation, and what became of its rows."""

    ref = models.CharField(max_length=12, unique=True, default=names_upload_ref)
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT, related_name="+")
    file = models.ForeignKey("files.StoredFile", on_delete=models.PROTECT, related_name="+")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    rows = models.IntegerField()  # of the file; the others count up while they are dealt with
    added = models.IntegerField(default=0)
    known = models.IntegerField(default=0)
    ended = models.IntegerField(default=0)  # left out, because the file says that the name is withdrawn
    wrong = models.IntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    objects = NamesUploadQuerySet.as_manager()

    def __str__(self) -> str:
        return self.ref


class NamesRow(models.Model):
    """A row of a file of names that is to be mended, as it was sent, with its problems by column, value and reason."""

    upload = models.ForeignKey(NamesUpload, on_delete=models.CASCADE, related_name="row_set", db_index=False)
    row_no = models.IntegerField()  # as the file's reader counts: the heading is 1
    values = models.JSONField(default=dict)
    problems = models.JSONField(default=list)  # [{"column", "value", "code", "params"}]

    class Meta:
        constraints = (models.UniqueConstraint(fields=["upload", "row_no"], name="row_of_names_is_kept_once"),)

    def __str__(self) -> str:
        return f"{self.upload_id}/{self.row_no}"


class CatalogueRow(models.Model):
    """One row of an upload and how it ended, with its problems by column, value and reason."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("not yet registered")
        REGISTERED = "registered", _("registered")
        TO_MEND = "to_mend", _("to mend")
        DUPLICATE = "duplicate", _("already registered")
        CONFLICT = "conflict", _("conflict of shares")
        SENT_AGAIN = "sent_again", _("sent again")

    upload = models.ForeignKey(CatalogueUpload, on_delete=models.CASCADE, related_name="row_set", db_index=False)
    row_no = models.IntegerField()  # as the file's reader counts: the header is 1
    work_no = (
        models.IntegerField()
    )  # rows of one work share it; works are counted from 1, in the order of their first rows
    values = models.JSONField(default=dict)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    problems = models.JSONField(default=list)  # [{"column", "value", "code", "params"}]
    work = models.ForeignKey(Work, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    sent_again_in = models.ForeignKey(  # the later upload that tells how the work ended
        CatalogueUpload, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["upload", "row_no"], name="row_ends_once"),
            models.CheckConstraint(
                condition=Q(outcome="sent_again", sent_again_in__isnull=False)
                | Q(~Q(outcome="sent_again"), sent_again_in__isnull=True),
                name="row_sent_again_says_where",
            ),
        )
        indexes = (
            models.Index(fields=["upload", "work_no"], name="row_work"),
            models.Index(KT("values__work_ref"), name="row_to_mend", condition=Q(outcome="to_mend")),
        )

    def __str__(self) -> str:
        return f"{self.upload}/{self.row_no}"
