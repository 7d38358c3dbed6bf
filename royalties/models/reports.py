"""What came in: reports, the songs they name, their lines and the sums of these."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_lazy as _

from portal.lib.refs import new_ref
from royalties.models.sources import Basis, Service, Source
from royalties.querysets import ReportedRecordingQuerySet, ReportQuerySet, SongUsageQuerySet, UsageLineQuerySet
from works.durations import write_duration


def report_ref() -> str:
    return new_ref("R")


def song_ref() -> str:
    return new_ref("S")


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
        MAPPING = "mapping", _("its columns are not known yet")  # it waits until staff say what they mean

    class HeldReason(models.TextChoices):
        NO_BASIS = (
            "no_basis",
            _("nobody has declared what the money of its lines means"),
        )
        BASIS_NOT_YET = "basis_not_yet", _("its basis cannot be distributed yet")
        RECORDINGS = "recordings", _("its money is declared to be for recordings, not for words and music")
        NO_PRICE = "no_price", _("no contract price says how its money divides between words and music")
        TRUNCATED = "truncated", _("its sheet ends where a sheet ends: lines are probably cut off")
        DECLARED = "declared", _("it does not say what its sender declared")
        PARTS = "parts", _("it came in several files, and some of them are missing")
        SECOND_FILE = "second_file", _("another file for this period is already here")
        CORRECTS_NOTHING = "corrects_nothing", _("a correction, but there is nothing here that it could correct")
        ASIDE = "aside", _("set aside by staff")
        REPLACED = "replaced", _("another file has taken its place")
        WITHDRAWN = "withdrawn", _("withdrawn: its money counts for nothing")

    class Kind(models.TextChoices):
        """What a file is among the files of its source, family and month. Nobody but staff says so."""

        ORIGINAL = "original", _("a first file")
        SUPPLEMENT = "supplement", _("a supplement: its lines count beside the earlier ones")
        REPLACEMENT = "replacement", _("a replacement: it stands in the place of earlier ones")
        CORRECTION = "correction", _("a correction: its lines are differences, and may be less than nothing")

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
    state = models.CharField(max_length=8, choices=State.choices, default=State.RECEIVED)
    held_reason = models.CharField(max_length=16, choices=HeldReason.choices, blank=True)
    kind = models.CharField(max_length=11, choices=Kind.choices, default=Kind.ORIGINAL, db_default=Kind.ORIGINAL)
    concerns = models.ManyToManyField(  # the earlier reports that it replaces or corrects
        "self", symmetrical=False, related_name="concerned_by"
    )
    replaced_by = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="replaces")
    withdrawn_at = models.DateTimeField(null=True)
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
    accepted_as_is_at = models.DateTimeField(null=True)
    reads_again = models.OneToOneField(  # the report of the same file whose place this one took
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
                condition=Q(superseded_at__isnull=True, withdrawn_at__isnull=True),
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
            return gettext("its file was read again")
        return self.get_held_reason_display()


class FirstLines(models.Model):
    """The first lines of a table whose columns staff map, as they stand in the file but for what is about listeners.

    `rows`: for each line its cells, or {"raw": its text, "reason": why it has none}.
    """

    report = models.OneToOneField(Report, on_delete=models.PROTECT, primary_key=True, related_name="first_lines")
    rows = models.JSONField()

    def __str__(self) -> str:
        return str(self.report_id)


class SocietyLine(models.Model):
    """What a society's distribution says beside the song on a line that was accepted: whose money it is, and what was kept.

    COPYed with the lines. `party` is found when the report is finished, by IPI and then by name.
    """

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="society_lines", db_index=False)
    line_no = models.IntegerField()
    party_name = models.CharField(max_length=200, blank=True)
    ipi = models.CharField(max_length=11, blank=True)
    role = models.CharField(max_length=200, blank=True)  # as written
    right = models.CharField(max_length=200, blank=True)  # as written
    reference = models.CharField(max_length=200, blank=True)  # of the original usage
    share_numerator = models.BigIntegerField(null=True)
    share_denominator = models.BigIntegerField(null=True)
    gross_micros = models.BigIntegerField(null=True)
    fee_micros = models.BigIntegerField()
    tax_micros = models.BigIntegerField()
    net_micros = models.BigIntegerField()
    party = models.ForeignKey("works.Party", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["report", "line_no"], name="society_says_a_line_once"),)

    def __str__(self) -> str:
        return f"{self.report_id}/{self.line_no} {self.party_name}"


class ReportDecision(models.Model):
    """What staff said of a report: what it is among the files of its month, or that it is withdrawn. Never changed."""

    class Choice(models.TextChoices):
        SUPPLEMENT = "supplement", _("a supplement")
        REPLACEMENT = "replacement", _("a replacement")
        CORRECTION = "correction", _("a correction")
        ASIDE = "aside", _("set aside")
        WITHDRAWAL = "withdrawal", _("withdrawal")

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="decisions")
    choice = models.CharField(max_length=11, choices=Choice.choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=300)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.report} {self.choice}"


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
    iswc = models.CharField(max_length=11, blank=True, db_default="")
    writers = models.TextField(blank=True, db_default="")
    ipis = models.TextField(blank=True, db_default="")  # of writers, parted by blanks
    duration_seconds = models.IntegerField(null=True)
    first_report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="first_songs")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReportedRecordingQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=["isrc"], name="song_by_isrc", condition=~Q(isrc="")),)

    def __str__(self) -> str:
        return f"{self.title} · {self.artists}"

    @property
    def duration(self) -> str:
        return write_duration(self.duration_seconds)


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


class FileLines(models.Model):
    """Which lines of the file the lines of a tile are, as an array, where a reader has made one line of several records."""

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
    words_uses = models.BigIntegerField(null=True)  # of the uses, where words and music are counted apart
    music_uses = models.BigIntegerField(null=True)

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


class LumpSum(models.Model):
    """One line of a report that is a sum for some time, without a song: a minimum guarantee. It waits to be spread over reports."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="lump_sums", db_index=False)
    line_no = models.IntegerField()
    from_date = models.DateField()
    last_date = models.DateField()  # included
    platform = models.TextField(blank=True)
    contract = models.TextField(blank=True)
    amount_micros = models.BigIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["report", "line_no"], name="line_is_one_lump_sum"),
            models.CheckConstraint(condition=Q(from_date__lte=F("last_date")), name="lump_sum_is_for_some_time"),
        )

    def __str__(self) -> str:
        return f"{self.report_id}/{self.line_no} {self.amount_micros}"


class SongUsage(models.Model):
    """The lines of one song in one report, service and month, summed once when the report is complete.

    The database does not look for the report and the recording of each row, which takes longer than to sum: royalties.ingest
    holds the report, and proves that there is a recording for every line. The unique key begins with the recording; those
    of a report stand together, so that an index of ranges finds them, which costs nothing to keep.
    """

    report = models.ForeignKey(
        Report, on_delete=models.PROTECT, related_name="song_usages", db_constraint=False, db_index=False
    )
    recording = models.ForeignKey(
        ReportedRecording, on_delete=models.PROTECT, related_name="usages", db_constraint=False, db_index=False
    )
    service = models.CharField(max_length=12, choices=Service.choices)
    usage_month = models.DateField()
    lines = models.IntegerField()
    uses = models.BigIntegerField()
    amount_micros = models.BigIntegerField()
    words_uses = models.BigIntegerField(null=True)  # of the uses, where words and music are counted apart
    music_uses = models.BigIntegerField(null=True)

    objects = SongUsageQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["recording", "report", "usage_month", "service"],
                name="song_usage_is_summed_once",
            ),
            models.CheckConstraint(
                condition=Q(words_uses__isnull=True, music_uses__isnull=True)
                | Q(words_uses__isnull=False, music_uses__isnull=False, uses=F("words_uses") + F("music_uses")),
                name="words_and_music_make_the_uses",
            ),
        )
        indexes = (BrinIndex(fields=["report"], name="song_usage_of_report", autosummarize=True, pages_per_range=32),)

    def __str__(self) -> str:
        return f"{self.recording_id} {self.service} {self.usage_month:%Y-%m}"
