"""Whose songs they are: matches, what people decided and what was learned from it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.lib.refs import new_ref
from royalties.models.reports import ReportedRecording
from royalties.querysets import LessonQuerySet, LikelyDuplicateQuerySet, RejectedPairQuerySet, RematchQuerySet


def decision_ref() -> str:
    return new_ref("V")


def rematch_ref() -> str:
    return new_ref("X")


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
