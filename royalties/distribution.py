"""A distribution run: the songs of released pools become earnings, and earnings become won on payees' accounts.

Set-based (architecture.md, section 4): songs, amounts and cells are temporary tables, divided by largest remainder in
SQL as royalties.allocation does in Python; only works are divided in Python, once per work, right, month and basis.
Everything is read once, so that the run is a value of its own whatever changes meanwhile:

1. songs: those of released pools that are accepted and have no earning yet, with the match that says which works.
2. cells: the shares of the works, their collectors and the open holds, frozen as RunShare rows. Of a work whose music alone
   was used, what is for the words goes to suspense.
3. amounts: a pool is divided over all its songs, matched or not, and over the rejected money of each report. So a song
   gets the same amount whenever it is matched, and the money of the others rests in the pool.
4. earnings: a song's amount over work's part × right's part × cell.
5. ledger: one transaction per payee, and one for all that is held, in suspense or not ours.

Between equal remainders the services' own names and then amounts decide, within a song the register's numbers: never
the order in which lines, chunks or files came in.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import inspect
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.transaction import atomic, on_commit, set_rollback
from django.utils.translation import gettext_lazy as _

import works.shares
from portal.accounts.models import User
from portal.lib.errors import DomainError
from royalties import allocation, payees
from royalties.ledger import WON, AccountKey, NewTransaction, Posting, accounts, lock_payees, post_many
from royalties.merging import repoint_stragglers
from royalties.models import (
    Basis,
    DeductionRule,
    DistributionRun,
    Hold,
    LedgerAccount,
    LedgerTransaction,
    Pool,
    Report,
    ReportedRecording,
    RightSplit,
    Source,
)
from royalties.money_in import attach_waiting
from works.models import CHINA, Affiliation, Share, Work
from works.shares import (
    AffiliationFact,
    Cell,
    CollectorKind,
    HoldFact,
    ShareFact,
    SharesExceedWhole,
    apply_holds,
    divide_work,
    keep_words,
    music_parts,
)

RULE_OF_BASIS: Final = {Basis.WHOLE.value: works.shares.Basis.WHOLE, Basis.CLAIMED.value: works.shares.Basis.CLAIMED}
Money = dict[str, int]  # currency → micros


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """What shares are frozen for."""

    work_id: int
    right: str
    usage_month: dt.date
    basis: str
    music_alone: bool


Cells = dict[Place, list[Cell]]


class RightsNotDeclared(DomainError):
    code = "rights-not-declared"
    sentence = _(
        "How the money of %(source)s divides over the rights is not declared for %(month)s; songs waiting: %(songs)s."
    )
    remedy = _("Record the division for this source from that month on, then distribute again.")


class BasisNotDistributed(DomainError):
    code = "basis-not-distributed"
    sentence = _(
        "Report %(report)s has the basis “%(basis)s”, which cannot be distributed yet; songs waiting: %(songs)s."
    )
    remedy = _("Declare another basis if this one is a mistake.")


class WorkExceedsWhole(DomainError):
    code = "work-exceeds-whole"
    sentence = _("The shares of “%(title)s” (%(work)s) add up to more than the whole in %(month)s, so its songs wait.")
    remedy = _("Correct the shares of the work, then distribute again.")


class PartsExceedSong(DomainError):
    code = "parts-exceed-song"
    sentence = _("The works of “%(title)s” (%(song)s) make more than the whole song, so it waits.")
    remedy = _("Decide again which works the song is, with parts that make 1.")


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What a run did. Every map is currency → micros: what was received in the currency received, and won.

    In won gross = posted + held + suspense + not ours + deducted, and posted = payable + carried: posted is what went to
    payees' accounts, net of deductions. In the currency received, where nothing is deducted, posted is the gross that
    is payable. resting stays in the pools of the run: unmatched, to review, rejected. problems name songs that wait.
    """

    state: str  # distributed, nothing_new or dry_run
    run: DistributionRun | None = None
    payees: int = 0
    entries: int = 0
    earnings: int = 0
    gross: Money = field(default_factory=dict)
    posted: Money = field(default_factory=dict)
    held: Money = field(default_factory=dict)
    suspense: Money = field(default_factory=dict)
    not_ours: Money = field(default_factory=dict)
    deducted: Money = field(default_factory=dict)
    payable: Money = field(default_factory=dict)
    carried: Money = field(default_factory=dict)
    resting: Money = field(default_factory=dict)
    problems: tuple[DomainError, ...] = ()


@functools.cache
def code_version() -> str:
    """A fingerprint of the rules by which money is divided: of their source text."""
    rules = (allocation, works.shares, payees, sys.modules[__name__])
    return hashlib.sha256("".join(inspect.getsource(module) for module in rules).encode()).hexdigest()[:16]


def distribute(*, period: dt.date, actor: User | None = None, dry_run: bool = False) -> RunResult:
    """Distribute all songs of released pools that were not distributed before, in the distribution month of `period`.

    Usage of any month is taken. Pools that wait or are held look for their reports first. A second run finds nothing
    new and writes nothing. One at a time: raises PayeesBusy while another run or a release of held money goes on. A dry
    run computes the same and leaves no trace.
    """
    period = period.replace(day=1)
    if not dry_run:
        attach_waiting()  # done before the run begins, so that money and reports can come in while it goes on
        return _run(period, actor)
    with atomic():
        attach_waiting()
        result = replace(_run(period, actor), state="dry_run", run=None)
        set_rollback(True)
    return result


@atomic
def _run(period: dt.date, actor: User | None) -> RunResult:
    lock_payees()
    repoint_stragglers()
    with atomic():
        result = _distribute(period, actor)
        if result.state == "nothing_new":
            set_rollback(True)
    if result.state == "distributed":
        on_commit(update_statistics, robust=True)  # the money is posted; statistics can wait for autovacuum
    return result


def update_statistics() -> None:
    """Tell the planner what the tables of this room hold now: after a run, or after an import."""
    _execute("SELECT royalties_analyze()")


def _distribute(period: dt.date, actor: User | None) -> RunResult:
    """The run, in a transaction that its caller rolls back when there was nothing new."""
    _offer_songs()
    problems = [*_leave_out_other_bases(), *_leave_out_too_many_parts(), *_read_rights()]
    holds = _read_holds()
    cells, exceeding = _divide_works([hold for hold in holds if hold.share_id is not None])
    problems += exceeding
    if not _rows("SELECT 1 FROM run_song LIMIT 1"):
        return _nothing_new(problems)
    run = DistributionRun.objects.create(
        period=period,
        inputs_hash=_inputs_hash(period, cells, holds),
        code_version=code_version(),
        created_by=actor,
    )
    _freeze(run, cells)
    _divide_pools()
    earnings = _divide_songs(run, [hold for hold in holds if hold.recording_id is not None])
    if not earnings:
        return _nothing_new(problems)
    statements = _post_payees(run)
    _post_rest(run)
    result = _result(run, earnings, statements, problems)
    run.payees = result.payees
    run.totals = totals_as_text(result)
    run.save(update_fields=["payees", "totals"])
    return result


# ── 1. songs ────────────────────────────────────────────────────────────────────────────────────────────────────────────

# Temporary tables are analysed and joined by one column: of a table just filled, or of several columns at once, the
# planner guesses that a row or two will match, and 200,000 songs then take hours. The shape of a song is its match,
# source, month and basis: songs of one shape are divided by the same cells.
SONGS = """
CREATE TEMPORARY TABLE run_song ON COMMIT DROP AS
SELECT u.id AS song_usage_id, covered.pool_id, u.report_id, u.recording_id, u.usage_month, r.source_id, r.basis, m.id AS match_id,
    dense_rank() OVER (ORDER BY m.id, r.source_id, u.usage_month, r.basis) AS shape
FROM royalties_pool p
JOIN royalties_pool_reports covered ON covered.pool_id = p.id
JOIN royalties_report r ON r.id = covered.report_id AND r.state = 'ready'
JOIN royalties_songusage u ON u.report_id = r.id AND u.amount_micros > 0
JOIN royalties_match m ON m.recording_id = u.recording_id AND m.superseded_at IS NULL AND m.outcome = 'accepted'
WHERE p.state = 'released' AND NOT EXISTS (SELECT 1 FROM royalties_earning e WHERE e.song_usage_id = u.id);
ANALYZE run_song
"""


def _offer_songs() -> None:
    """One statement, so that every song is taken with the match that stood at one moment."""
    for table in ("run_song", "run_right", "run_part", "run_share", "run_amount", "run_cell", "run_earning"):
        _execute(f"DROP TABLE IF EXISTS pg_temp.{table}")
    _execute(SONGS)


def _leave_out_other_bases() -> list[DomainError]:
    """A report whose basis has no rule yet waits whole."""
    waiting = Counter(
        report_id
        for (report_id,) in _rows(
            "DELETE FROM run_song WHERE NOT basis = ANY(%s) RETURNING report_id", [list(RULE_OF_BASIS)]
        )
    )
    reports = Report.objects.filter(pk__in=waiting).order_by("pk")
    return [
        BasisNotDistributed(report=report.ref, basis=report.get_basis_display(), songs=waiting[report.pk])
        for report in reports
    ]


def _leave_out_too_many_parts() -> list[DomainError]:
    """A song whose works make more than the song would be paid more than once. Less is possible: the rest rests."""
    songs = _rows(
        """
        WITH matches AS (SELECT DISTINCT match_id FROM run_song),
        wholes AS (
            SELECT w.match_id, garak_lcm(w.denominator::numeric) AS whole
            FROM matches JOIN royalties_matchwork w USING (match_id) GROUP BY 1
        ), too_many AS (
            SELECT w.match_id FROM wholes JOIN royalties_matchwork w USING (match_id)
            GROUP BY w.match_id, whole HAVING sum(w.numerator * div(whole, w.denominator)) > whole
        )
        DELETE FROM run_song USING too_many WHERE run_song.match_id = too_many.match_id RETURNING recording_id
        """
    )
    waiting = ReportedRecording.objects.filter(pk__in={song for (song,) in songs}).order_by("key")
    return [PartsExceedSong(title=song.title, song=song.ref) for song in waiting]


def _read_rights() -> list[DomainError]:
    """run_right: the parts of every right, per source and usage month. Where none is declared, the songs wait."""
    _execute(
        'CREATE TEMPORARY TABLE run_right (source_id bigint, usage_month date, "right" text, '
        "numerator numeric, denominator numeric) ON COMMIT DROP"
    )
    problems: list[DomainError] = []
    rows: list[tuple[int, dt.date, str, int, int]] = []
    places = _rows("SELECT source_id, usage_month, count(*) FROM run_song GROUP BY 1, 2 ORDER BY 1, 2")
    splits = list(RightSplit.objects.filter(source_id__in={place[0] for place in places}).order_by("from_date"))
    for source_id, month, songs in places:
        in_force = [split for split in splits if split.source_id == source_id and split.from_date <= month]
        if in_force:
            parts = in_force[-1].fractions()
            rows += [(source_id, month, right, part.numerator, part.denominator) for right, part in parts.items()]
            continue
        source = Source.objects.get(pk=source_id)
        problems.append(RightsNotDeclared(source=source.name, month=f"{month:%Y-%m}", songs=songs))
        _execute("DELETE FROM run_song WHERE source_id = %s AND usage_month = %s", [source_id, month])
    _copy("run_right", ("source_id", "usage_month", '"right"', "numerator", "denominator"), rows)
    _execute("ANALYZE run_right")
    return problems


# ── 2. cells ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _read_holds() -> list[Hold]:
    return list(Hold.objects.filter(state=Hold.State.OPEN).order_by("pk"))


PARTS = """
CREATE TEMPORARY TABLE run_part ON COMMIT DROP AS
SELECT s.shape, w.work_id, r."right", s.usage_month, s.basis, w.music_alone,
    concat_ws('|', w.work_id, r."right", s.usage_month, s.basis, w.music_alone) AS place,
    w.numerator * r.numerator AS numerator, w.denominator * r.denominator AS denominator
FROM (SELECT DISTINCT shape, match_id, source_id, usage_month, basis FROM run_song) s
JOIN royalties_matchwork w USING (match_id)
JOIN run_right r USING (source_id, usage_month);
ANALYZE run_part
"""


def _divide_works(holds: Sequence[Hold]) -> tuple[Cells, list[DomainError]]:
    """The cells of every place in play. A work above the whole is left out with its songs of that month (L9)."""
    _execute(PARTS)
    places = [
        Place(*row) for row in _rows('SELECT DISTINCT work_id, "right", usage_month, basis, music_alone FROM run_part')
    ]
    shares = _read_shares({place.work_id for place in places})
    affiliations = read_affiliations({share.party_id for of_work in shares.values() for share in of_work})
    disputed: defaultdict[int, list[Hold]] = defaultdict(list)
    for hold in holds:
        disputed[hold.share_id or 0].append(hold)
    cells: Cells = {}
    problems: list[DomainError] = []
    for place in sorted(places):
        of_work = shares[place.work_id]
        parties = {share.party_id for share in of_work}
        try:
            divided = divide_work(
                of_work,
                [row for party_id in sorted(parties) for row in affiliations[party_id]],
                right=place.right,
                territory=CHINA,
                day=place.usage_month,
                basis=RULE_OF_BASIS[place.basis],
                ours=settings.SOCIETY_CODE,
            )
        except SharesExceedWhole:
            problems.append(_leave_out_work(place))
            continue
        if place.music_alone:
            divided = keep_words(divided, music_parts(of_work, place.right, CHINA, place.usage_month))
        facts = [
            HoldFact(hold.pk, hold.share_id, Fraction(hold.numerator, hold.denominator))
            for share in of_work
            for hold in disputed[share.share_id]
            if is_held_in(hold, place.usage_month)
        ]
        cells[place] = apply_holds(divided, facts)
    return cells, problems


def is_held_in(hold: Hold, usage_month: dt.date) -> bool:
    """Whether a hold takes the money of a usage month: the month of its first day and every later one."""
    return hold.from_date.replace(day=1) <= usage_month


def read_affiliations(party_ids: Iterable[int]) -> dict[int, list[AffiliationFact]]:
    """Party id → the rows that say who collects for it."""
    found: defaultdict[int, list[AffiliationFact]] = defaultdict(list)
    for row in Affiliation.objects.filter(party_id__in=list(party_ids)).order_by("pk"):
        found[row.party_id].append(
            AffiliationFact(
                row.party_id, row.kind, row.society_id or "", row.right, row.territory, row.from_date, row.until_date
            )
        )
    return found


def _read_shares(work_ids: Iterable[int]) -> defaultdict[int, list[ShareFact]]:
    found: defaultdict[int, list[ShareFact]] = defaultdict(list)
    for row in Share.objects.filter(work_id__in=list(work_ids)).order_by("pk").iterator(chunk_size=10_000):
        found[row.work_id].append(
            ShareFact(
                row.pk,
                row.party_id,
                row.right,
                row.territory,
                row.fraction,
                row.from_date,
                row.until_date,
                row.role,
                row.writer_share_id,
            )
        )
    return found


def _leave_out_work(place: Place) -> DomainError:
    _execute(
        """
        DELETE FROM run_song USING royalties_matchwork w
        WHERE w.match_id = run_song.match_id AND w.work_id = %s AND run_song.usage_month = %s
        """,
        [place.work_id, place.usage_month],
    )
    work = Work.objects.get(pk=place.work_id)
    return WorkExceedsWhole(title=work.title, work=work.ref, month=f"{place.usage_month:%Y-%m}")


def _freeze(run: DistributionRun, cells: Cells) -> None:
    columns = (
        "run_id", "work_id", '"right"', "usage_month", "basis", "position", "share_id", "party_id", "state", "collector",
        "society_code", "hold_id", "numerator", "denominator", "music_alone", "words",
    )  # fmt: skip
    _copy("royalties_runshare", columns, _frozen_rows(run.pk, cells))
    _execute(
        """
        CREATE TEMPORARY TABLE run_share ON COMMIT DROP AS
        SELECT id, concat_ws('|', work_id, "right", usage_month, basis, music_alone) AS place, position, party_id, state, hold_id,
            collector, society_code, numerator, denominator
        FROM royalties_runshare WHERE run_id = %s
        """,
        [run.pk],
    )
    _execute("ANALYZE run_share")


def _frozen_rows(run_id: int, cells: Cells) -> Iterable[tuple[Any, ...]]:
    for place, of_place in cells.items():
        for position, cell in enumerate(of_place, start=1):
            yield (
                run_id, place.work_id, place.right, place.usage_month, place.basis, position, cell.share_id, cell.party_id,
                cell.state.value, cell.kind.value, cell.society, cell.hold_id, cell.fraction.numerator,
                cell.fraction.denominator, place.music_alone, cell.words,
            )  # fmt: skip


# ── 3. amounts ──────────────────────────────────────────────────────────────────────────────────────────────────────────

# n is the money received, k the won. A pool never pays more than it holds: rejected money below 0 weighs nothing.
POOL_AMOUNTS = """
WITH part AS (
    SELECT covered.pool_id, p.source_micros::numeric AS n, p.won_micros::numeric AS k, u.id AS song_usage_id,
        u.amount_micros::numeric AS weight,
        concat_ws('|', song.key, u.service, to_char(u.usage_month, 'YYYY-MM'), lpad(u.amount_micros::text, 20, '0'), r.basis,
            r.sha256) AS name
    FROM royalties_pool p
    JOIN royalties_pool_reports covered ON covered.pool_id = p.id
    JOIN royalties_report r ON r.id = covered.report_id
    JOIN royalties_songusage u ON u.report_id = r.id AND u.amount_micros > 0
    JOIN royalties_reportedrecording song ON song.id = u.recording_id
    WHERE p.id = ANY(%(pools)s)
    UNION ALL
    SELECT covered.pool_id, p.source_micros, p.won_micros, NULL, r.rejected_micros, 'rejected|' || r.sha256
    FROM royalties_pool p
    JOIN royalties_pool_reports covered ON covered.pool_id = p.id
    JOIN royalties_report r ON r.id = covered.report_id AND r.rejected_micros > 0
    WHERE p.id = ANY(%(pools)s)
), weighed AS (
    SELECT part.*, sum(weight) OVER (PARTITION BY pool_id) AS whole FROM part
), quota AS (
    SELECT pool_id, song_usage_id, name, n, k, div(n * weight, whole) AS quota_n, mod(n * weight, whole) AS rest_n,
        div(k * weight, whole) AS quota_k, mod(k * weight, whole) AS rest_k
    FROM weighed
), placed AS (
    SELECT *,
        n - sum(quota_n) OVER (PARTITION BY pool_id) AS left_n,
        k - sum(quota_k) OVER (PARTITION BY pool_id) AS left_k,
        row_number() OVER (PARTITION BY pool_id ORDER BY rest_n DESC, name COLLATE "C") AS place_n,
        row_number() OVER (PARTITION BY pool_id ORDER BY rest_k DESC, name COLLATE "C") AS place_k
    FROM quota
)
SELECT pool_id, song_usage_id, quota_n + (place_n <= left_n)::int AS n, quota_k + (place_k <= left_k)::int AS k
FROM placed
"""


def _divide_pools() -> None:
    """run_amount: what every song of the run's pools gets, in both currencies."""
    pools = [pool_id for (pool_id,) in _rows("SELECT DISTINCT pool_id FROM run_song ORDER BY 1")]
    _execute("CREATE TEMPORARY TABLE run_amount ON COMMIT DROP AS" + POOL_AMOUNTS, {"pools": pools})
    _execute("ANALYZE run_amount")


# ── 4. earnings ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# weight / whole is exact. A match whose works are less than the song has one more cell, which earns nothing.
CELLS = """
CREATE TEMPORARY TABLE run_cell ON COMMIT DROP AS
WITH cell AS (
    SELECT p.shape, p.work_id, p."right", f.position, f.id AS run_share_id, f.party_id, f.state, f.hold_id, f.collector, f.society_code,
        p.numerator * f.numerator AS numerator, p.denominator * f.denominator AS denominator
    FROM run_part p JOIN run_share f USING (place)
), common AS (
    SELECT *, garak_lcm(denominator) OVER (PARTITION BY shape) AS whole FROM cell
), weighed AS (
    SELECT shape, work_id, "right", position, run_share_id, party_id, state, hold_id, collector, society_code, whole,
        numerator * div(whole, denominator) AS weight
    FROM common
)
SELECT * FROM weighed
UNION ALL
SELECT shape, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, whole, whole - sum(weight) FROM weighed
GROUP BY shape, whole HAVING sum(weight) < whole;
ANALYZE run_cell
"""

# An open hold on the song itself keeps what is payable or in suspense; the part of another society stays what it is.
EARNINGS = """
CREATE TEMPORARY TABLE run_earning ON COMMIT DROP AS
WITH quota AS (
    SELECT s.pool_id, s.song_usage_id, s.recording_id, s.usage_month, a.n, a.k, c.*,
        div(a.n * c.weight, c.whole) AS quota_n, mod(a.n * c.weight, c.whole) AS rest_n,
        div(a.k * c.weight, c.whole) AS quota_k, mod(a.k * c.weight, c.whole) AS rest_k
    FROM run_song s
    JOIN run_amount a USING (song_usage_id)
    JOIN run_cell c USING (shape)
), placed AS (
    SELECT *,
        n - sum(quota_n) OVER song AS left_n,
        k - sum(quota_k) OVER song AS left_k,
        row_number() OVER (song ORDER BY rest_n DESC, work_id, "right" COLLATE "C", position) AS place_n,
        row_number() OVER (song ORDER BY rest_k DESC, work_id, "right" COLLATE "C", position) AS place_k
    FROM quota WINDOW song AS (PARTITION BY song_usage_id)
), amount AS (
    SELECT *, (quota_n + (place_n <= left_n)::int)::bigint AS source_micros, (quota_k + (place_k <= left_k)::int)::bigint AS won_micros
    FROM placed WHERE run_share_id IS NOT NULL
)
SELECT a.pool_id, a.song_usage_id, a.run_share_id, a.work_id, a.party_id, a."right",
    CASE WHEN h.hold_id IS NULL THEN a.state ELSE 'held' END AS state, coalesce(h.hold_id, a.hold_id) AS hold_id,
    a.collector, a.society_code, p.currency, a.source_micros, a.won_micros
FROM amount a
JOIN royalties_pool p ON p.id = a.pool_id
LEFT JOIN unnest(%(holds)s::bigint[], %(songs)s::bigint[], %(from)s::date[]) AS h (hold_id, recording_id, from_date)
    ON h.recording_id = a.recording_id AND h.from_date <= a.usage_month AND a.state IN ('payable', 'suspense')
WHERE a.source_micros <> 0 OR a.won_micros <> 0
"""


def _divide_songs(run: DistributionRun, holds: Sequence[Hold]) -> int:
    """Write the earnings; their number. Of several holds on one song the first one counts."""
    first = {hold.recording_id: hold for hold in reversed(holds)}
    _execute(CELLS)
    _execute(
        EARNINGS,
        {
            "holds": [hold.pk for hold in first.values()],
            "songs": list(first),
            "from": [hold.from_date.replace(day=1) for hold in first.values()],
        },
    )
    return _execute(
        """
        INSERT INTO royalties_earning (run_id, pool_id, song_usage_id, run_share_id, work_id, party_id, "right", state, hold_id,
            currency, source_micros, won_micros)
        SELECT %s, pool_id, song_usage_id, run_share_id, work_id, party_id, "right", state, hold_id, currency, source_micros,
            won_micros
        FROM run_earning
        """,
        [run.pk],
    )


# ── 5. ledger ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _post_payees(run: DistributionRun) -> dict[str, int]:
    """A transaction and a statement per payee; their number and sums."""
    gross: defaultdict[int, dict[AccountKey, int]] = defaultdict(dict)
    for party_id, pool_id, micros in _rows(
        """
        SELECT party_id, pool_id, sum(won_micros)::bigint FROM run_earning WHERE state = 'payable' GROUP BY 1, 2 ORDER BY 1, 2
        """
    ):
        gross[party_id][pool_key(pool_id)] = micros
    statements = payees.pay(
        gross=gross,
        key=lambda party_id: f"run:{run.inputs_hash}:party:{party_id}",
        kind=LedgerTransaction.Kind.DISTRIBUTION,
        period=run.period,
        run=run,
    )
    sums = Counter({"payees": len(statements)})
    for statement in statements:
        sums["net"] += statement.net_micros
        sums["deducted"] += statement.deducted_micros
        sums["payable"] += statement.payable_micros
        sums["carried"] += statement.carried_micros
    return sums


def _post_rest(run: DistributionRun) -> None:
    """One transaction for what is held, in suspense or not ours, an account each."""
    movements: Counter[AccountKey] = Counter()
    for pool_id, state, hold_id, collector, society, micros in _rows(
        """
        SELECT pool_id, state, hold_id, collector, society_code, sum(won_micros)::bigint
        FROM run_earning WHERE state <> 'payable' GROUP BY 1, 2, 3, 4, 5
        """
    ):
        movements[pool_key(pool_id)] -= micros
        movements[resting_key(state, hold_id, CollectorKind(collector), society)] += micros
    if not any(movements.values()):
        return
    opened = accounts(dict.fromkeys(movements))
    post_many(
        [
            NewTransaction(
                key=f"run:{run.inputs_hash}:rest",
                kind=LedgerTransaction.Kind.DISTRIBUTION,
                effective_date=run.period,
                run=run,
                entries=[
                    Posting(account=opened[key], amount_micros=micros) for key, micros in sorted(movements.items())
                ],
            )
        ]
    )


def pool_key(pool_id: int) -> AccountKey:
    return (LedgerAccount.Kind.POOL.value, WON, f"pool:{pool_id}")


def resting_key(state: str, hold_id: int | None, collector: CollectorKind, society: str) -> AccountKey:
    """The account on which won rest that are not payable."""
    kinds = LedgerAccount.Kind
    if state == "held":
        return (kinds.HOLD.value, WON, f"hold:{hold_id}")
    if state == "suspense":
        return (kinds.SUSPENSE.value, WON, "-")
    return (kinds.NOT_OURS.value, WON, f"society:{society}" if society else collector.value)


# ── the run as a value ──────────────────────────────────────────────────────────────────────────────────────────────────

SONG_HASH = """
WITH part AS (
    SELECT match_id, string_agg(concat(work_id, ':', numerator, '/', denominator, CASE WHEN music_alone THEN ' music' END), ',' ORDER BY work_id)
        AS parts
    FROM royalties_matchwork WHERE match_id IN (SELECT match_id FROM run_song) GROUP BY 1
), line AS (
    SELECT concat_ws('|', song.key, u.service, to_char(u.usage_month, 'YYYY-MM'), u.amount_micros, r.sha256, part.parts) AS line
    FROM run_song s
    JOIN royalties_songusage u ON u.id = s.song_usage_id
    JOIN royalties_reportedrecording song ON song.id = s.recording_id
    JOIN royalties_report r ON r.id = s.report_id
    JOIN part USING (match_id)
)
SELECT encode(sha256(string_agg(sha256(convert_to(line, 'UTF8')), ''::bytea ORDER BY line COLLATE "C")), 'hex') FROM line
"""


def _inputs_hash(period: dt.date, cells: Cells, holds: Sequence[Hold]) -> str:
    """Everything that decides the outcome: money and rates, reports, matches, shares, holds, rules and code."""
    frozen = hashlib.sha256()
    for row in _frozen_rows(0, cells):
        frozen.update(repr(row).encode())
    pools = Pool.objects.filter(pk__in=[pool_id for (pool_id,) in _rows("SELECT DISTINCT pool_id FROM run_song")])
    rules: list[DeductionRule] = payees.rules_in_force(period)
    facts = {
        "period": period,
        "code": code_version(),
        "pools": [
            {
                "money": [pool.remittance.reference, pool.source_micros, pool.currency, pool.won_micros],
                "rate": pool.remittance.rate,
                "reports": sorted(
                    (report.sha256, report.basis, report.rejected_micros) for report in pool.reports.all()
                ),
            }
            for pool in pools.select_related("remittance").prefetch_related("reports").order_by("remittance__reference")
        ],
        "songs": _rows(SONG_HASH)[0][0],
        "rights": _rows('SELECT * FROM run_right ORDER BY source_id, usage_month, "right"'),
        "cells": frozen.hexdigest(),
        "holds": [[hold.pk, hold.share_id, hold.recording_id, hold.from_date] for hold in holds],
        "rules": [[rule.pk, rule.kind, rule.base, rule.position, rule.numerator, rule.denominator] for rule in rules],
    }
    return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()


def _nothing_new(problems: Sequence[DomainError]) -> RunResult:
    received = Pool.objects.filter(state=Pool.State.RELEASED).values_list("currency", flat=True).distinct()
    zero = dict.fromkeys([*sorted({*received, "CNY"} - {WON}), WON], 0)
    won = {WON: 0}
    return RunResult(
        state="nothing_new",
        gross=zero,
        posted=zero,
        held=zero,
        suspense=zero,
        not_ours=zero,
        deducted=won,
        payable=won,
        carried=won,
        resting=zero,
        problems=tuple(problems),
    )


def _result(
    run: DistributionRun, earnings: int, statements: Mapping[str, int], problems: Sequence[DomainError]
) -> RunResult:
    sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for currency, state, source_micros, won_micros in _rows(
        """
        SELECT currency, state, sum(source_micros), sum(won_micros) FROM run_earning GROUP BY 1, 2
        """
    ):
        for key in (state, "gross"):
            if currency != WON:
                sums[key][currency] += int(source_micros)
            sums[key][WON] += int(won_micros)
    currencies = sorted(sums["gross"], key=lambda currency: (currency == WON, currency))

    def money(state: str) -> Money:
        return {currency: sums[state][currency] for currency in currencies}

    entries = _rows(
        """
        SELECT count(*) FROM royalties_ledgerentry e JOIN royalties_ledgertransaction t ON t.id = e.transaction_id
        WHERE t.run_id = %s
        """,
        [run.pk],
    )
    return RunResult(
        state="distributed",
        run=run,
        payees=statements["payees"],
        entries=entries[0][0],
        earnings=earnings,
        gross=money("gross"),
        posted=money("payable") | {WON: statements["net"]},
        held=money("held"),
        suspense=money("suspense"),
        not_ours=money("not_ours"),
        deducted={WON: statements["deducted"]},
        payable={WON: statements["payable"]},
        carried={WON: statements["carried"]},
        resting=_resting(currencies),
        problems=tuple(problems),
    )


def _resting(currencies: Iterable[str]) -> Money:
    """What stays in the pools of this run after it."""
    sums: Counter[str] = Counter()
    for currency, source_micros, won_micros in _rows(
        """
        SELECT p.currency, p.source_micros - coalesce(sum(e.source_micros), 0), p.won_micros - coalesce(sum(e.won_micros), 0)
        FROM royalties_pool p LEFT JOIN royalties_earning e ON e.pool_id = p.id
        WHERE p.id IN (SELECT pool_id FROM run_song) GROUP BY p.id
        """
    ):
        if currency != WON:
            sums[currency] += int(source_micros)
        sums[WON] += int(won_micros)
    return {currency: sums[currency] for currency in currencies}


STATES: Final = ("gross", "posted", "held", "suspense", "not_ours", "deducted", "payable", "carried")


def totals_as_text(result: RunResult) -> dict[str, dict[str, str]]:
    """State → currency → micros as text, as a run keeps it: JSON readers may round big numbers."""
    return {state: {currency: str(micros) for currency, micros in getattr(result, state).items()} for state in STATES}


# ── the database ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _execute(sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def _rows(sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def _copy(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)
