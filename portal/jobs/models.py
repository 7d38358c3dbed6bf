"""Work that outlives a request: a Job made of Chunks. These rows are the queue; a broker message is only a doorbell."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.lib.refs import new_ref


def job_ref() -> str:
    return new_ref("J")


class Job(models.Model):
    """One piece of background work that a person can watch. `kind` is the name of the Celery task that drains it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        STOPPED = "stopped", _("stopped")

    ref = models.CharField(max_length=12, unique=True, default=job_ref)
    kind = models.CharField(max_length=100)
    subject_id = (
        models.BigIntegerField()
    )  # the row of the room above that this work is about; that room knows which table
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    stage = models.CharField(max_length=30)
    units_total = models.BigIntegerField(default=0)  # of the stage under way, for the progress bar
    units_done = models.BigIntegerField(default=0)
    error_code = models.CharField(max_length=60, blank=True)
    error_text = models.TextField(blank=True)  # for staff; people read the sentence of error_code
    created_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(
                fields=["state"],
                name="job_state",
                condition=Q(state__in=["waiting", "running"]),
            ),
        )

    def __str__(self) -> str:
        return f"{self.ref} {self.kind} {self.stage} {self.state}"


class Chunk(models.Model):
    """The unit that is done exactly once: leased to one worker, and fenced by the attempt number.

    A worker writes its data and sets the state in one transaction, which commits only if `attempt` is still its own.
    A chunk that ends its workers is split into pieces, and what cannot be split any further is given up: only that.
    """

    class State(models.TextChoices):
        TODO = "todo", _("to do")
        DONE = "done", _("done")
        SPLIT = "split", _("split into smaller ones")
        GIVEN_UP = "given_up", _("given up")
        QUARANTINED = "quarantined", _("quarantined")

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="chunks")
    stage = models.CharField(max_length=30)
    ordinal = models.IntegerField()
    payload = models.JSONField(default=dict)  # what the stage needs: byte range, first line, ids; small
    units = models.BigIntegerField(default=1)  # lines or songs: the weight on the progress bar
    state = models.CharField(max_length=12, choices=State.choices, default=State.TODO)
    attempt = models.IntegerField(default=0)
    failures = models.IntegerField(db_default=0)  # attempts that ended in a bug or without a word
    refusals = models.IntegerField(db_default=0)  # attempts that ended because the database would not
    lease_until = models.DateTimeField(null=True)
    held_by = models.IntegerField(null=True)  # process of the database server that serves the worker; gone, it is free
    piece_of = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="pieces")
    error = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["job", "stage", "ordinal"], name="chunk_is_unique_in_its_stage"),
        )
        indexes = (models.Index(fields=["job", "ordinal"], name="chunk_open", condition=Q(state="todo")),)

    def __str__(self) -> str:
        return f"{self.job.ref}/{self.stage}/{self.ordinal}"
