"""Works that may be one: registered twice, by two publishers or in two files. Found by the matcher's keys, with what rests on them.

Two works are likely one when they share an exact key of a title (k: or h: of works.names.keys) and a performer, or a writer
whose share stands. Found for the whole register in one pass of set-based SQL, and kept (LikelyDuplicate) until the next
pass; what people said since is asked when the list is read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Max, QuerySet, Sum
from django.utils import timezone

from portal.accounts.access import Reader
from portal.accounts.models import User
from portal.jobs.models import Job
from portal.jobs.services import NewChunk, Stage, Work as JobWork, create_job, drain
from portal.lib.keyset import Key, whole
from royalties.models import LikelyDuplicate, SongUsage
from royalties.querysets import matched_songs_of
from works.models import Party, Recording, Work, WorkTitle

TASK: Final = "royalties.tasks.find_duplicates"
MOST_MONEY_FIRST: Final[tuple[Key, ...]] = (
    whole("money", descending=True),
    whole("lines", descending=True),
    whole("id"),
)
MOST_ALIKE: Final = (
    20  # works of one title and one person; more of them are a title like 간주, not one work registered often
)
DRAIN_SECONDS: Final = 120
UNDER_WAY: Final = (Job.State.WAITING, Job.State.RUNNING)

# The groups are made first, of keys with more than one work alone: most titles of a register stand once.
FIND: Final = """
WITH held AS (
    SELECT party_id, work_id, 'performer' AS shared FROM works_workperformer
    UNION ALL
    SELECT DISTINCT s.party_id, s.work_id, 'writer' FROM works_share s
    JOIN works_party p ON p.id = s.party_id AND p.kind = 'writer'
    JOIN works_work w ON w.id = s.work_id AND w.merged_into_id IS NULL
    WHERE s.until_date IS NULL
), often AS (
    SELECT key FROM works_workkey WHERE key LIKE 'k:%%' OR key LIKE 'h:%%' GROUP BY key HAVING count(*) > 1
), alike AS (
    SELECT h.shared, h.party_id, k.key, array_agg(k.work_id ORDER BY k.work_id) AS works, min(k.text) AS title
    FROM often JOIN works_workkey k USING (key) JOIN held h USING (work_id)
    GROUP BY 1, 2, 3 HAVING count(*) BETWEEN 2 AND %(most)s
), pair AS (
    SELECT DISTINCT ON (one, other) one, other, left(a.title, 300) AS title, a.shared, a.party_id
    FROM alike a, unnest(a.works) AS one, unnest(a.works) AS other, works_work w
    WHERE one < other AND w.id = one
    ORDER BY one, other, a.shared, a.title = w.title DESC, a.key NOT LIKE 'k:%%', a.key, a.party_id
), song AS (
    SELECT DISTINCT named.work_id, m.recording_id
    FROM (SELECT one AS work_id FROM pair UNION SELECT other FROM pair) AS named
    JOIN royalties_matchwork x ON x.work_id = named.work_id
    JOIN royalties_match m ON m.id = x.match_id AND m.superseded_at IS NULL AND m.outcome = 'accepted'
), rests AS (
    SELECT song.work_id, count(DISTINCT song.recording_id) AS songs, sum(u.lines) AS lines, sum(u.amount_micros) AS money,
        min(r.currency) AS currency
    FROM song JOIN royalties_songusage u ON u.recording_id = song.recording_id
    JOIN royalties_report r ON r.id = u.report_id AND r.state IN ('ready', 'held')
        AND r.held_reason NOT IN ('aside', 'second_file')
    GROUP BY song.work_id
)
INSERT INTO royalties_likelyduplicate (one_id, other_id, title, shared, party_id, songs, lines, money, currency, found_at)
SELECT p.one, p.other, p.title, p.shared, p.party_id, coalesce(a.songs, 0) + coalesce(b.songs, 0),
    coalesce(a.lines, 0) + coalesce(b.lines, 0), coalesce(a.money, 0) + coalesce(b.money, 0),
    coalesce(a.currency, b.currency, 'CNY'), %(now)s
FROM pair p LEFT JOIN rests a ON a.work_id = p.one LEFT JOIN rests b ON b.work_id = p.other
"""


@transaction.atomic
def find() -> int:
    """Look through the whole register and keep what was found in place of what was found before; returns how many pairs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "LOCK TABLE royalties_likelyduplicate IN SHARE ROW EXCLUSIVE MODE"
        )  # one at a time; it can be read
        cursor.execute("DELETE FROM royalties_likelyduplicate")
        cursor.execute("SET LOCAL enable_nestloop = off")  # of a key's works the planner knows too little
        cursor.execute(FIND, {"most": MOST_ALIKE, "now": timezone.now()})
        found = int(cursor.rowcount)
        cursor.execute("SET LOCAL enable_nestloop = on")
    return found


def start_finding(*, actor: User | None, bell: bool = True) -> Job:
    """Let a worker look again. While one is about to, that one is returned."""
    with transaction.atomic():
        waiting = Job.objects.filter(kind=TASK, state__in=UNDER_WAY).first()
        if waiting is not None:
            return waiting
        return create_job(kind=TASK, subject_id=0, owner=actor, stage="find", chunks=[NewChunk({})], bell=bell)


def work_on(job_id: int, *, seconds: float | None = None) -> None:
    drain(job_id=job_id, stages=STAGES, seconds=seconds)


def _find(_work: JobWork, _prepared: Any) -> None:
    find()


def _found(_job: Job) -> None:
    return None


STAGES: Final = {"find": Stage(work=_find, then=_found)}


# ── what the pages show ─────────────────────────────────────────────────────────────────────────────────────────────────


def likely_duplicates(user: Reader) -> QuerySet[LikelyDuplicate]:
    """The pairs about which nobody has said anything yet, for MOST_MONEY_FIRST."""
    return LikelyDuplicate.objects.visible_to(user).open().select_related("one", "other", "party")


def looked_at() -> tuple[dt.datetime | None, bool]:
    """When the register was last looked through, and whether a worker is about to do it again. Two queries."""
    last = Job.objects.filter(kind=TASK).order_by("-pk").first()
    found_at = LikelyDuplicate.objects.aggregate(at=Max("found_at"))["at"]
    times = [at for at in (found_at, last.finished_at if last else None) if at is not None]
    return max(times, default=None), last is not None and last.state in UNDER_WAY


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of two works, with what speaks for and against its being the other."""

    work: Work
    titles: Sequence[WorkTitle]
    performers: Sequence[Party]
    recordings: Sequence[Recording]
    songs: int
    money: Sequence[tuple[str, int, int]]  # currency, lines, reported micros

    @property
    def weight(self) -> tuple[bool, int, int]:
        """By which the one to stay is proposed: an ISWC, then money, then the earlier registration."""
        return bool(self.work.iswc), sum(money for _, _, money in self.money), -self.work.pk


def side_of(work: Work) -> Side:
    """A constant number of queries."""
    songs = list(matched_songs_of(Work.objects.filter(pk=work.pk)))
    return Side(
        work=work,
        titles=list(work.titles.standing().order_by("pk")),
        performers=list(Party.objects.filter(performed_works__work=work).order_by("name", "pk")),
        recordings=list(Recording.objects.filter(parts__work=work).order_by("pk")),
        songs=len(songs),
        money=_money_of(songs),
    )


def _money_of(songs: Sequence[int]) -> list[tuple[str, int, int]]:
    rows = SongUsage.objects.counted().filter(recording__in=songs).order_by().values("report__currency")
    summed = rows.annotate(lines=Sum("lines"), money=Sum("amount_micros")).order_by("report__currency")
    return [(row["report__currency"], int(row["lines"]), int(row["money"])) for row in summed]
