"""What was used, and who is owed: reports, lines, matches, money in, distribution, ledger.

The path of money: Report → UsageLine → SongUsage → (Remittance → Pool) → Earning → LedgerEntry → Statement.
"""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_lazy as _

from portal.lib.refs import new_ref
from royalties.querysets import (
    DistributionRunQuerySet,
    EarningQuerySet,
    LessonQuerySet,
    LikelyDuplicateQuerySet,
    RejectedPairQuerySet,
    RematchQuerySet,
    RemittanceQuerySet,
    ReportedRecordingQuerySet,
    ReportQuerySet,
    SongUsageQuerySet,
    SourceQuerySet,
    StatementQuerySet,
    UsageLineQuerySet,
)


def report_ref() -> str:
    return new_ref("R")


def song_ref() -> str:
    return new_ref("S")


def remittance_ref() -> str:
    return new_ref("M")


def run_ref() -> str:
    return new_ref("D")


def statement_ref() -> str:
    return new_ref("T")


def decision_ref() -> str:
    return new_ref("V")


def rematch_ref() -> str:
    return new_ref("X")


class Service(models.TextChoices):
    """Where a song was used, which is not who paid."""

    QQ = "qq", _("QQ Music")
    KUGOU = "kugou", _("Kugou")
    KUWO = "kuwo", _("Kuwo")
    WESING = "wesing", _("WeSing")
    KUGOU_KARAOKE = "kugou_k", _("Kugou Karaoke")
    KUGOU_LIVE = "kugou_live", _("Kugou Live")
    AITING = "aiting", _("Aiting")
    OTHER = "other", _("another service")


class Basis(models.TextChoices):
    """What the money of a line means (architecture.md, the money model). Declared and dated, never assumed."""

    WHOLE = "whole", _("WHOLE: for the whole of the work")
    CLAIMED = "claimed", _("CLAIMED: already cut down to our claim")
    NAMED = "named", _("NAMED: per interested party")
    LUMP = "lump", _("LUMP: one sum for several reports")
    USAGE = "usage", _("USAGE: no money yet")


# ── who reports, and what their money means ─────────────────────────────────────────────────────────────────────────────


class Source(models.Model):
    """Whoever sends reports or money. `id_space` is shared by services that number songs alike (中央曲库ID)."""

    code = models.SlugField(max_length=20, unique=True)
    name = models.CharField(max_length=100)
    id_space = models.CharField(max_length=20)
    currency = models.CharField(max_length=3, default="CNY")
    organisation = models.ForeignKey(
        "accounts.Organisation",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="sources",
    )

    objects = SourceQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class SourceProfile(models.Model):
    """From a day on, what the money of this source's lines means, in words and as a basis. An empty family means all."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="profiles")
    family = models.CharField(max_length=20, blank=True)
    basis = models.CharField(max_length=8, choices=Basis.choices)
    from_date = models.DateField()
    note = models.TextField()  # who declared it and on what paper
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["source", "family", "from_date"],
                name="one_basis_begins_on_a_day",
            ),
        )

    def __str__(self) -> str:
        return f"{self.source} {self.family or '*'} {self.basis} {self.from_date}"


class RightSplit(models.Model):
    """From a usage month on, how a source's money divides over the rights: three numerators over one denominator."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="right_splits")
    from_date = models.DateField()
    performing = models.IntegerField()
    mechanical = models.IntegerField()
    synchronisation = models.IntegerField(default=0)
    denominator = models.IntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["source", "from_date"], name="one_right_split_begins_on_a_day"),
            models.CheckConstraint(
                condition=Q(
                    performing__gte=0,
                    mechanical__gte=0,
                    synchronisation__gte=0,
                    denominator__gt=0,
                )
                & Q(denominator=F("performing") + F("mechanical") + F("synchronisation")),
                name="rights_make_the_whole",
            ),
        )

    def __str__(self) -> str:
        return f"{self.source} {self.performing}:{self.mechanical}:{self.synchronisation} {self.from_date}"

    def fractions(self) -> dict[str, Fraction]:
        """Right → its exact part of the money; rights without money are left out."""
        parts = {"performing": self.performing, "mechanical": self.mechanical, "synchronisation": self.synchronisation}
        return {right: Fraction(part, self.denominator) for right, part in parts.items() if part}


# ── reports and their lines ─────────────────────────────────────────────────────────────────────────────────────────────


class Report(models.Model):
    """A file of a source for a period. Its lines are UsageLine and RejectedLine rows; every line ends in one of them."""

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        READING = "reading", _("being read")
        MATCHING = "matching", _("being matched")
        READY = "ready", _("ready")
        HELD = (
            "held",
            _("held"),
        )  # read and matched; its money waits for somebody's decision (see held_reason)
        REFUSED = (
            "refused",
            _("refused"),
        )  # cannot be read at all; nothing was taken from it
        STOPPED = "stopped", _("stopped")  # a worker could not go on; staff see why

    class HeldReason(models.TextChoices):
        NO_BASIS = (
            "no_basis",
            _("nobody has declared what the money of its lines means"),
        )
        BASIS_NOT_YET = "basis_not_yet", _("its basis cannot be distributed yet")
        TRUNCATED = "truncated", _("its sheet ends where a sheet ends: lines are probably cut off")
        DECLARED = "declared", _("it does not say what its sender declared")
        SECOND_FILE = "second_file", _("another file for this period is already here")
        ASIDE = "aside", _("set aside by staff")

    ref = models.CharField(max_length=12, unique=True, default=report_ref)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="reports")
    file = models.ForeignKey("files.StoredFile", on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(
        max_length=64
    )  # of the file, repeated here so that the same bytes are one report of a source
    job = models.ForeignKey("jobs.Job", on_delete=models.PROTECT, null=True, related_name="+")
    family = models.CharField(max_length=20, blank=True)
    period = models.DateField(
        null=True
    )  # first day of the report's month; stated at upload or read from the first line
    currency = models.CharField(max_length=3, default="CNY")
    container = models.CharField(max_length=8, blank=True)  # as its name ends: xlsx, csv, tsv, csv.gz, zip …
    encoding_asked = models.CharField(max_length=12, blank=True)  # what a person said; nothing: the bytes decide
    encoding = models.CharField(max_length=12, blank=True)  # in which it was read, shown to people
    reading = models.JSONField(default=dict)  # how else it was read, for people: see ingest.plan
    declared_lines = models.BigIntegerField(null=True)  # what its sender said it holds
    declared_micros = models.DecimalField(max_digits=38, decimal_places=0, null=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RECEIVED)
    held_reason = models.CharField(max_length=16, choices=HeldReason.choices, blank=True)
    basis = models.CharField(max_length=8, choices=Basis.choices, blank=True)  # as in force when it became ready
    error_code = models.CharField(max_length=60, blank=True)
    error_params = models.JSONField(default=dict)
    # figures written once when the last line is in; every one can be recomputed from the lines
    lines = models.BigIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    songs = models.IntegerField(default=0)
    new_songs = models.IntegerField(default=0)
    accepted_micros = models.DecimalField(max_digits=38, decimal_places=0, default=0)
    rejected_micros = models.DecimalField(max_digits=38, decimal_places=0, default=0)
    rounded_lines = models.BigIntegerField(default=0)  # lines whose amount had more than six decimals
    rounding_remainder = models.DecimalField(
        max_digits=38, decimal_places=12, default=0
    )  # micros those lines lost, exact
    accepted_as_is_by = models.ForeignKey(  # although it seems cut off, or is not what was declared
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    accepted_as_is_reason = models.CharField(max_length=300, blank=True)
    reads_again = models.OneToOneField(  # the report of the same file whose place this one took, in another encoding
        "self", on_delete=models.PROTECT, null=True, related_name="read_again_as"
    )
    superseded_at = models.DateTimeField(null=True)  # since when it has been read again
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["source", "sha256"],
                condition=Q(superseded_at__isnull=True),
                name="same_bytes_are_one_report",
            ),
        )
        indexes = (models.Index(fields=["source", "period"], name="report_of_period"),)

    def __str__(self) -> str:
        return self.ref

    @property
    def held_because(self) -> str:
        """Why its money does not move, in words; nothing if it may."""
        if self.superseded_at is not None:
            return gettext("its file was read again in another encoding")
        return self.get_held_reason_display()


class ReportedRecording(models.Model):
    """A song as a service names it. Matched once, however many lines and months speak of it."""

    ref = models.CharField(max_length=12, unique=True, default=song_ref)
    key = models.CharField(
        max_length=120, unique=True
    )  # "tme:id:<song id>", or "tme:name:<hash of title, artists, ISRC>"
    id_space = models.CharField(max_length=20)
    song_id = models.CharField(max_length=40, blank=True)
    title = models.TextField()
    artists = models.TextField(blank=True)
    album = models.TextField(blank=True)
    isrc = models.CharField(max_length=12, blank=True)
    first_report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="first_songs")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReportedRecordingQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=["isrc"], name="song_by_isrc", condition=~Q(isrc="")),)

    def __str__(self) -> str:
        return f"{self.title} · {self.artists}"


class SongWords(models.Model):
    """What a reported song is searched by (garak_searched), with an index over its pairs of letters. Derived.

    Written a little after an import (songs.keep_words), because to index a song takes as long as to read thirty lines.
    """

    recording = models.OneToOneField(ReportedRecording, on_delete=models.CASCADE, primary_key=True, related_name="+")
    words = models.TextField()

    def __str__(self) -> str:
        return self.words


class LineBlock(models.Model):
    """Up to a thousand lines that follow each other, as arrays; the place of one that was rejected is empty (recording 0).

    Partitioned by report period; no row refers to it and it has no foreign keys. royalties.ingest.blocks COPYs it with more
    columns than stand here, and the database gives `period` its partition through royalties_make_partition().
    """

    pk = models.CompositePrimaryKey("period", "report_id", "first_line")
    period = models.DateField()
    report_id = models.BigIntegerField()
    first_line = models.IntegerField()
    last_line = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.report_id}/{self.first_line}–{self.last_line}"


class TileTotal(models.Model):
    """The sums of a run of lines, as arrays, from when they are read until their report is finished. See royalties.ingest.totals."""

    pk = models.CompositePrimaryKey("report_id", "first_line")
    report_id = models.BigIntegerField()
    first_line = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.report_id}/{self.first_line}"


class UsageLine(models.Model):
    """One accepted line of a report: a row of a view over the blocks. Lists go by `first_line`, then by `line_no`."""

    pk = models.CompositePrimaryKey("period", "report_id", "line_no")
    period = models.DateField()
    report_id = models.BigIntegerField()
    first_line = models.IntegerField()  # of its block
    line_no = models.IntegerField()  # as a person counts in the file: the header is line 1
    recording_id = models.BigIntegerField()
    service = models.CharField(max_length=12, choices=Service.choices)
    usage_month = models.DateField()
    uses = models.BigIntegerField()
    amount_micros = models.BigIntegerField()

    objects = UsageLineQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.report_id}/{self.line_no}"


class RejectedLine(models.Model):
    """One line that could not be taken, with its text and the reason. Its money, if readable, stays in the account of both identities."""

    report = models.ForeignKey(  # the unique key begins with it
        Report, on_delete=models.PROTECT, related_name="rejected_lines", db_index=False
    )
    line_no = models.IntegerField()
    raw = models.TextField()
    column = models.CharField(max_length=100, blank=True)
    value = models.TextField(blank=True)
    reason = models.CharField(max_length=40)  # a key of royalties.reports.base.REASONS
    amount_micros = models.BigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["report", "line_no"], name="line_is_rejected_once"),)

    def __str__(self) -> str:
        return f"{self.report_id}/{self.line_no} {self.reason}"


class SongUsage(models.Model):
    """The lines of one song in one report, service and month, summed once when the report is complete.

    The database does not look for the report and the recording of each row, which takes longer than to sum: royalties.ingest
    holds the report, and proves that there is a recording for every line. The unique key begins with the report.
    """

    report = models.ForeignKey(
        Report, on_delete=models.PROTECT, related_name="song_usages", db_constraint=False, db_index=False
    )
    recording = models.ForeignKey(
        ReportedRecording, on_delete=models.PROTECT, related_name="usages", db_constraint=False
    )
    service = models.CharField(max_length=12, choices=Service.choices)
    usage_month = models.DateField()
    lines = models.IntegerField()
    uses = models.BigIntegerField()
    amount_micros = models.BigIntegerField()

    objects = SongUsageQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["report", "recording", "service", "usage_month"],
                name="song_usage_is_summed_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.recording_id} {self.service} {self.usage_month:%Y-%m}"


# ── matches ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


class StaffDecision(models.Model):
    """What a person said in the review of one song, or of several equal ones at once.

    It is never changed or taken away: a further decision undoes it, and both stay. `songs` counts what it settled then.
    """

    class Action(models.TextChoices):
        ACCEPT = "accept", _("it is this work")
        DIVIDE = "divide", _("it is several works")
        REJECT = "reject", _("it is not this work")
        LEAVE_OUT = "leave_out", _("not in our repertoire")
        REPOINT = "repoint", _("two works became one")
        MUSIC = "music", _("its music alone")
        UNDO = "undo", _("a decision was taken back")

    ref = models.CharField(max_length=12, unique=True, default=decision_ref)
    action = models.CharField(max_length=10, choices=Action.choices)
    work = models.ForeignKey("works.Work", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    undoes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="undone_by")
    merge = models.OneToOneField(  # of a REPOINT: it is taken back with the merge, never alone
        "works.WorkMerge", on_delete=models.PROTECT, null=True, related_name="repointed"
    )
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    songs = models.IntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(action="undo", undoes__isnull=False) | Q(~Q(action="undo"), undoes__isnull=True),
                name="what_takes_back_says_what",
            ),
            models.CheckConstraint(
                condition=Q(action="repoint", merge__isnull=False) | Q(~Q(action="repoint"), merge__isnull=True),
                name="what_repoints_says_which_merge",
            ),
        )

    def __str__(self) -> str:
        return f"{self.ref} {self.action}"


class Match(models.Model):
    """What a reported song is taken to be. A new decision supersedes the old one, which stays.

    `decision`: the person's decision that made it, also where it only gave back what had stood before.
    """

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", _("matched")
        REVIEW = "review", _("to review")
        NONE = "none", _("unmatched")

    recording = models.ForeignKey(ReportedRecording, on_delete=models.PROTECT, related_name="matches")
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    method = models.CharField(max_length=20)  # isrc, iswc, name, staff, case …
    probability_permille = models.IntegerField()  # 0 to 1000
    evidence = models.JSONField(default=dict)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decision = models.ForeignKey(
        StaffDecision, on_delete=models.PROTECT, null=True, related_name="matches", db_index=False
    )  # few have one: see the index below
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["recording"],
                condition=Q(superseded_at__isnull=True),
                name="one_match_of_a_song_stands",
            ),
            models.CheckConstraint(
                condition=Q(probability_permille__range=(0, 1000)),
                name="probability_is_permille",
            ),
        )
        indexes = (
            models.Index(fields=["decision"], name="match_of_decision", condition=Q(decision__isnull=False)),
            models.Index(  # what waits for a person is little beside what is matched
                fields=["outcome", "recording"],
                name="match_that_waits",
                condition=Q(superseded_at__isnull=True, outcome__in=["review", "none"]),
            ),
        )

    def __str__(self) -> str:
        return f"{self.recording_id} {self.outcome} {self.method}"


class MatchWork(models.Model):
    """A work of a match: for an accepted one its part of the song, for one to review a candidate in order of rank.

    `music_alone`: the song has other words; what the work's shares have for the words is not paid (works.shares.keep_words).
    """

    match = models.ForeignKey(
        Match, on_delete=models.PROTECT, related_name="works", db_index=False
    )  # see the key below
    work = models.ForeignKey("works.Work", on_delete=models.PROTECT, related_name="match_works")
    rank = models.IntegerField(default=1)
    numerator = models.IntegerField(default=1)
    denominator = models.IntegerField(default=1)
    music_alone = models.BooleanField(default=False, db_default=False)
    probability_permille = models.IntegerField(default=1000)
    evidence = models.JSONField(default=dict)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["match", "work"], name="match_names_a_work_once"),
            models.CheckConstraint(
                condition=Q(numerator__gt=0, denominator__gt=0) & Q(numerator__lte=F("denominator")),
                name="part_of_a_song_is_a_proper_fraction",
            ),
        )
        indexes = (models.Index(fields=["match"], name="part_of_a_divided_song", condition=Q(denominator__gt=1)),)

    def __str__(self) -> str:
        return f"{self.match_id} {self.work_id} {self.numerator}/{self.denominator}"


class RejectedPair(models.Model):
    """A song that somebody said is not this work: the matcher never offers the pair again, unless that decision is undone."""

    recording = models.ForeignKey(ReportedRecording, on_delete=models.PROTECT, related_name="rejected_pairs")
    work = models.ForeignKey("works.Work", on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decision = models.ForeignKey(
        StaffDecision, on_delete=models.PROTECT, null=True, related_name="rejected_pairs", db_index=False
    )
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RejectedPairQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["recording", "work", "decision"], name="pair_is_rejected_once"),)
        indexes = (models.Index(fields=["decision"], name="pair_of_decision", condition=Q(decision__isnull=False)),)

    def __str__(self) -> str:
        return f"{self.recording_id} is not {self.work_id}"


class Lesson(models.Model):
    """A name that a decision confirmed: a title of its work, or a name of the work's performer. `is_new`: it made the name."""

    decision = models.ForeignKey(StaffDecision, on_delete=models.PROTECT, related_name="lessons")
    work = models.ForeignKey("works.Work", on_delete=models.PROTECT, null=True, related_name="+")
    party = models.ForeignKey("works.Party", on_delete=models.PROTECT, null=True, related_name="+")
    text = models.CharField(max_length=300)
    is_new = models.BooleanField()

    objects = LessonQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(work__isnull=False, party__isnull=True) | Q(work__isnull=True, party__isnull=False),
                name="a_lesson_is_about_a_work_or_a_performer",
            ),
        )

    def __str__(self) -> str:
        return self.text


class LikelyDuplicate(models.Model):
    """Two works that may be one, with what rests on both: derived by duplicates.find, at `found_at`, and made anew each time."""

    class Shared(models.TextChoices):
        PERFORMER = "performer", _("the same performer")
        WRITER = "writer", _("the same writer")

    one = models.ForeignKey("works.Work", on_delete=models.CASCADE, related_name="+", db_index=False)
    other = models.ForeignKey("works.Work", on_delete=models.CASCADE, related_name="+", db_index=False)
    title = models.CharField(max_length=300)  # that gave the key of both
    shared = models.CharField(max_length=9, choices=Shared.choices)
    party = models.ForeignKey("works.Party", on_delete=models.CASCADE, related_name="+", db_index=False)
    songs = models.IntegerField()  # reported songs that are one of the two
    lines = models.BigIntegerField()
    money = models.DecimalField(max_digits=38, decimal_places=0)  # in micros, as reported
    currency = models.CharField(max_length=3)
    found_at = models.DateTimeField()

    objects = LikelyDuplicateQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["one", "other"], name="two_works_are_likely_once"),)
        indexes = (models.Index(fields=["-money", "-lines", "id"], name="duplicate_by_money"),)

    def __str__(self) -> str:
        return f"{self.one_id} ≈ {self.other_id}"


class Rematch(models.Model):
    """Songs without an owner, matched again because names or works have come: seen first, applied by a person, undone by one."""

    class State(models.TextChoices):
        LOOKING = "looking", _("being matched again")
        READY = "ready", _("to be looked at")
        APPLYING = "applying", _("being applied")
        APPLIED = "applied", _("applied")
        UNDOING = "undoing", _("being taken back")
        UNDONE = "undone", _("taken back")
        STOPPED = "stopped", _("stopped")

    ref = models.CharField(max_length=12, unique=True, default=rematch_ref)
    state = models.CharField(max_length=8, choices=State.choices, default=State.LOOKING)
    looked_at = models.IntegerField(default=0)  # songs
    skipped = models.IntegerField(default=0)  # songs that somebody decided between the look and its application
    kept = models.IntegerField(default=0)  # songs that could not be taken back: decided or distributed since
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    applied_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    applied_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)

    objects = RematchQuerySet.as_manager()

    def __str__(self) -> str:
        return self.ref


class RematchSong(models.Model):
    """What one song would become: the match that stood then, and the decision of the matcher now. `after`: once applied."""

    rematch = models.ForeignKey(Rematch, on_delete=models.CASCADE, related_name="songs", db_index=False)
    recording = models.ForeignKey(ReportedRecording, on_delete=models.PROTECT, related_name="+", db_index=False)
    before = models.ForeignKey(Match, on_delete=models.PROTECT, related_name="+", db_index=False)
    after = models.ForeignKey(Match, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    outcome = models.CharField(max_length=8, choices=Match.Outcome.choices)
    method = models.CharField(max_length=20)
    probability_permille = models.IntegerField()
    evidence = models.JSONField(default=dict)
    works = models.JSONField(default=list)  # rows of MatchWork: [work, numerator, denominator, permille, evidence]

    class Meta:
        constraints = (models.UniqueConstraint(fields=["rematch", "recording"], name="song_is_matched_again_once"),)

    def __str__(self) -> str:
        return f"{self.rematch_id} {self.recording_id} {self.outcome}"


# ── ledger ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


class LedgerAccount(models.Model):
    """A place money can rest. Positive balances are owed or kept, negative ones are what we hold (the bank) or gave (exchange)."""

    class Kind(models.TextChoices):
        BANK = "bank", _("bank")
        POOL = "pool", _("pool")
        EXCHANGE = "exchange", _("exchange")
        PAYEE = "payee", _("payee")
        HOLD = "hold", _("held")
        SUSPENSE = "suspense", _("suspense")
        NOT_OURS = "not_ours", _("not ours")
        DEDUCTION = "deduction", _("deducted")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    currency = models.CharField(max_length=3)
    owner_key = models.CharField(max_length=60)  # "party:12", "pool:3", "hold:7", "society:038", "commission", "-"
    party = models.ForeignKey(
        "works.Party",
        on_delete=models.PROTECT,
        null=True,
        related_name="ledger_accounts",
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=["kind", "currency", "owner_key"], name="account_is_unique"),)

    def __str__(self) -> str:
        return f"{self.kind}:{self.owner_key}:{self.currency}"


class LedgerTransaction(models.Model):
    """A balanced movement. The key makes it happen once; nothing here or in its entries is ever changed."""

    class Kind(models.TextChoices):
        REMITTANCE = "remittance", _("money received")
        EXCHANGE = "exchange", _("exchange")
        DISTRIBUTION = "distribution", _("distribution")
        RELEASE = "release", _("release of held money")
        REVERSAL = "reversal", _("reversal")

    key = models.CharField(max_length=120, unique=True)
    input_hash = models.CharField(max_length=64)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    run = models.ForeignKey(
        "DistributionRun",
        on_delete=models.PROTECT,
        null=True,
        related_name="transactions",
    )
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="reversed_by")
    effective_date = models.DateField()
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # the database transaction that made it, set by the database: entries are accepted from that one only (0002_rules)

    def __str__(self) -> str:
        return self.key


class LedgerEntry(models.Model):
    """One signed amount on one account, in micros. Each currency of a transaction sums to zero, checked at commit."""

    transaction = models.ForeignKey(LedgerTransaction, on_delete=models.PROTECT, related_name="entries")
    account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="entries")
    currency = models.CharField(max_length=3)
    amount_micros = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints = (models.CheckConstraint(condition=~Q(amount_micros=0), name="entry_moves_something"),)

    def __str__(self) -> str:
        return f"{self.account} {self.amount_micros}"


# ── money in ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Remittance(models.Model):
    """Money received for a source's reports of a period, as the bank names it."""

    ref = models.CharField(max_length=12, unique=True, default=remittance_ref)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="remittances")
    period = models.DateField()
    amount_micros = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    rate = models.DecimalField(max_digits=20, decimal_places=10)  # won per unit of currency, exact
    rate_date = models.DateField()
    rate_source = models.CharField(max_length=100, blank=True)
    reference = models.CharField(max_length=80, unique=True)  # the bank's, or source and period where none is given
    received_date = models.DateField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RemittanceQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(amount_micros__gt=0), name="remittance_is_positive"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="rate_is_positive"),
        )

    def __str__(self) -> str:
        return self.reference


class Pool(models.Model):
    """The money of a remittance, in its own currency and in won, with the reports it pays for."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for its reports")
        HELD = "held", _("held: the sums differ")
        RELEASED = "released", _("released")

    remittance = models.OneToOneField(Remittance, on_delete=models.PROTECT, related_name="pool")
    reports = models.ManyToManyField(Report, related_name="pools")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    currency = models.CharField(max_length=3)
    source_micros = models.BigIntegerField()
    won_micros = models.BigIntegerField()
    reported_micros = models.DecimalField(max_digits=38, decimal_places=0, default=0)  # what its reports add up to
    accepted_difference_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    accepted_difference_reason = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return str(self.remittance)


class ExchangeRun(models.Model):
    """The exchange of one pool into won: one rate, one transaction, four entries."""

    pool = models.OneToOneField(Pool, on_delete=models.PROTECT, related_name="exchange")
    rate = models.DecimalField(max_digits=20, decimal_places=10)
    rate_date = models.DateField()
    from_micros = models.BigIntegerField()
    to_micros = models.BigIntegerField()
    transaction = models.OneToOneField(LedgerTransaction, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.pool} × {self.rate}"


# ── distribution ────────────────────────────────────────────────────────────────────────────────────────────────────────


class DeductionRule(models.Model):
    """A dated deduction with its text for the member. A rate of 0 is a rate of 0; no rule means no deduction.

    Rules of a run are taken in `position` order; GROSS is the payee's gross, REMAINING what earlier rules left of it.
    """

    class Kind(models.TextChoices):
        COMMISSION = "commission", _("society's commission")
        WITHHOLDING = "withholding", _("withholding tax")

    class Base(models.TextChoices):
        GROSS = "gross", _("of the gross amount")
        REMAINING = "remaining", _("of what remains")

    kind = models.CharField(max_length=12, choices=Kind.choices)
    base = models.CharField(max_length=9, choices=Base.choices)
    position = models.IntegerField()
    numerator = models.IntegerField()
    denominator = models.IntegerField()
    from_date = models.DateField()
    until_date = models.DateField(null=True, blank=True)
    text_ko = models.CharField(max_length=300)
    text_en = models.CharField(max_length=300)
    text_zh = models.CharField(max_length=300)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(numerator__gte=0, denominator__gt=0) & Q(numerator__lte=F("denominator")),
                name="rate_is_a_proper_fraction",
            ),
            models.UniqueConstraint(
                fields=["kind", "from_date"],
                name="one_deduction_of_a_kind_begins_on_a_day",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.numerator}/{self.denominator} {self.from_date}"


class DistributionRun(models.Model):
    """A distribution as a value: what went in (hashed), by which code, and what came out."""

    ref = models.CharField(max_length=12, unique=True, default=run_ref)
    period = models.DateField()  # the distribution month (분배월), first day
    inputs_hash = models.CharField(max_length=64, unique=True)
    code_version = models.CharField(max_length=40)
    totals = models.JSONField(default=dict)  # state → currency → micros as text; recomputed by check_ledger
    payees = models.IntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DistributionRunQuerySet.as_manager()

    def __str__(self) -> str:
        return self.ref


class Hold(models.Model):
    """A disputed part of a work (or a whole song) whose money waits. The case is named by an opaque reference."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        RELEASED = "released", _("released")

    case_ref = models.CharField(max_length=12)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    work = models.ForeignKey("works.Work", on_delete=models.PROTECT, null=True, related_name="holds")
    share = models.ForeignKey("works.Share", on_delete=models.PROTECT, null=True, related_name="holds")
    recording = models.ForeignKey(ReportedRecording, on_delete=models.PROTECT, null=True, related_name="holds")
    right = models.CharField(max_length=16, blank=True)
    territory = models.IntegerField(null=True)
    numerator = models.BigIntegerField(default=1)  # of the work, not of the share
    denominator = models.BigIntegerField(default=1)
    from_date = models.DateField()  # usage months from this day on are held
    opened_at = models.DateTimeField(auto_now_add=True)
    released_at = models.DateTimeField(null=True)
    decision = models.JSONField(default=dict)  # outcome and who gets what part, written at release

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["case_ref", "share"], name="case_holds_a_share_once"),
            models.CheckConstraint(
                condition=Q(share__isnull=False) ^ Q(recording__isnull=False),
                name="hold_is_on_a_share_or_a_song",
            ),
            models.CheckConstraint(
                condition=Q(numerator__gt=0, denominator__gt=0) & Q(numerator__lte=F("denominator")),
                name="hold_is_a_proper_fraction",
            ),
        )

    def __str__(self) -> str:
        return f"{self.case_ref} {self.numerator}/{self.denominator}"


class RunShare(models.Model):
    """The shares a run used, frozen: one row per cell of a work, right and usage month, adding up to exactly 1.

    Of a work whose music alone was used (`music_alone`) one cell is what is kept for the words (`words`).
    """

    run = models.ForeignKey(DistributionRun, on_delete=models.PROTECT, related_name="run_shares")
    work = models.ForeignKey("works.Work", on_delete=models.PROTECT, related_name="+")
    right = models.CharField(max_length=16)
    usage_month = models.DateField()
    basis = models.CharField(max_length=8, choices=Basis.choices)
    music_alone = models.BooleanField(default=False, db_default=False)
    words = models.BooleanField(default=False, db_default=False)
    position = (
        models.IntegerField()
    )  # order of the cells within the work, right and month: breaks ties between remainders
    share = models.ForeignKey("works.Share", on_delete=models.PROTECT, null=True, related_name="+")
    party = models.ForeignKey("works.Party", on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=8)  # Earning.State
    collector = models.CharField(max_length=14)  # ours, other_society, non_member, public_domain, unknown
    society_code = models.CharField(max_length=3, blank=True)
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, null=True, related_name="+")
    numerator = models.DecimalField(max_digits=60, decimal_places=0)
    denominator = models.DecimalField(max_digits=60, decimal_places=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["run", "work", "right", "usage_month", "basis", "music_alone", "position"],
                name="cell_is_frozen_once",
            ),
            models.CheckConstraint(
                condition=Q(words=False)
                | Q(music_alone=True, share__isnull=True, party__isnull=True, state="suspense"),
                name="words_are_kept_for_nobody_known",
            ),
        )

    def __str__(self) -> str:
        return f"{self.run_id} {self.work_id} {self.right} {self.position}"


class Earning(models.Model):
    """What one share of one work earned from one song, service and usage month: in the source currency and in won.

    Run, work and party are those of its cell (run_share), which the database holds to rows that are there; check_ledger
    compares the two. To ask again for each of them, for every earning, took a third of a distribution.
    """

    class State(models.TextChoices):
        PAYABLE = "payable", _("payable")
        HELD = "held", _("held")
        SUSPENSE = "suspense", _("in suspense")
        NOT_OURS = "not_ours", _("not ours")

    run = models.ForeignKey(DistributionRun, on_delete=models.PROTECT, db_constraint=False, related_name="earnings")
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, db_index=False, related_name="earnings")
    song_usage = models.ForeignKey(SongUsage, on_delete=models.PROTECT, db_index=False, related_name="earnings")
    run_share = models.ForeignKey(RunShare, on_delete=models.PROTECT, related_name="earnings")
    work = models.ForeignKey(
        "works.Work", on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="earnings"
    )
    party = models.ForeignKey(  # who owns the share
        "works.Party", on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="earnings"
    )
    right = models.CharField(max_length=16)
    state = models.CharField(max_length=8, choices=State.choices)
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, null=True, related_name="earnings")
    currency = models.CharField(max_length=3)
    source_micros = models.BigIntegerField()
    won_micros = models.BigIntegerField()

    objects = EarningQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["pool", "song_usage", "work", "right", "run_share"],
                name="earning_is_counted_once",
            ),
        )
        indexes = (
            models.Index(fields=["party", "run"], name="earning_of_party"),
            models.Index(fields=["work", "run"], name="earning_of_work"),
            models.Index(fields=["song_usage"], name="earning_of_song_usage"),
        )

    def __str__(self) -> str:
        return f"{self.run_id} {self.work_id} {self.won_micros}"


class Statement(models.Model):
    """What one payee gets from one run or from one released hold, from gross to whole won.

    net = gross − deductions; payable = whole won newly payable; carried = net − payable, the change of the fraction of a
    won that stays in the payee's account (negative when an old fraction filled up a won).
    """

    ref = models.CharField(max_length=12, unique=True, default=statement_ref)
    run = models.ForeignKey(DistributionRun, on_delete=models.PROTECT, null=True, related_name="statements")
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, null=True, related_name="statements")
    party = models.ForeignKey("works.Party", on_delete=models.PROTECT, related_name="statements")
    period = models.DateField()  # distribution month
    currency = models.CharField(max_length=3, default="KRW")
    gross_micros = models.BigIntegerField()
    deducted_micros = models.BigIntegerField()
    net_micros = models.BigIntegerField()
    payable_micros = models.BigIntegerField()
    carried_micros = models.BigIntegerField()
    transaction = models.OneToOneField(LedgerTransaction, on_delete=models.PROTECT, related_name="statement")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = StatementQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["run", "party"], name="one_statement_of_a_run"),
            models.CheckConstraint(
                condition=Q(run__isnull=False) ^ Q(hold__isnull=False),
                name="statement_of_a_run_or_a_release",
            ),
            models.CheckConstraint(
                condition=Q(net_micros=F("gross_micros") - F("deducted_micros")),
                name="net_is_gross_less_deducted",
            ),
            models.CheckConstraint(
                condition=Q(net_micros=F("payable_micros") + F("carried_micros")),
                name="net_is_payable_and_carried",
            ),
        )
        ordering: ClassVar[tuple[str, ...]] = ("-period", "-id")

    def __str__(self) -> str:
        return self.ref


class StatementDeduction(models.Model):
    """One step from gross to net, with the rule that made it."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="deductions")
    rule = models.ForeignKey(DeductionRule, on_delete=models.PROTECT, related_name="+")
    base_micros = models.BigIntegerField()
    amount_micros = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["statement", "rule"], name="rule_applies_once"),)

    def __str__(self) -> str:
        return f"{self.statement} {self.rule}"
