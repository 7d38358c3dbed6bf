"""A run from beginning to end."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from django.db.transaction import atomic, on_commit, set_rollback

from portal.accounts.models import User
from royalties.distribution.amounts import divide_pools
from royalties.distribution.cells import divide_works, freeze, read_holds
from royalties.distribution.earnings import divide_songs
from royalties.distribution.posting import post_payees, post_rest
from royalties.distribution.released import take_from_recipients
from royalties.distribution.result import RunResult, nothing_new, result_of, totals_as_text
from royalties.distribution.songs import leave_out_other_bases, leave_out_too_many_parts, offer_songs, read_rights
from royalties.distribution.tables import execute, fetch, forget_tables
from royalties.distribution.taken_back import leave_out_overpaying, take_back
from royalties.distribution.value import code_version, inputs_hash
from royalties.ledger import lock_payees
from royalties.merging import repoint_stragglers
from royalties.models import DistributionRun, Pool
from royalties.money_in import attach_waiting


def distribute(*, period: dt.date, actor: User | None = None, dry_run: bool = False) -> RunResult:
    """Distribute all songs of released pools that were not distributed before, in the distribution month of `period`.

    What was earned by reports that have been withdrawn or replaced since is taken back in the same run.

    Usage of any month is taken. Pools that wait or are held look for their reports first. A second run finds nothing
    new and writes nothing. One at a time: raises PayeesBusy while another run or a release of held money goes on. A dry
    run computes the same and leaves no trace.
    """
    period = period.replace(day=1)
    if not dry_run:
        attach_waiting()  # done before the run begins, so that money and reports can come in while it goes on
        return _run(period, actor)
    with atomic():
        lock_payees()
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
    execute("SELECT royalties_analyze()")


def _distribute(period: dt.date, actor: User | None) -> RunResult:
    """The run, in a transaction that its caller rolls back when there was nothing new."""
    forget_tables()
    again = take_back()
    offer_songs()
    problems = [*leave_out_other_bases(), *leave_out_too_many_parts(), *read_rights()]
    holds = read_holds()
    cells, exceeding = divide_works([hold for hold in holds if hold.share_id is not None])
    problems += exceeding
    divide_pools()
    overpaying, waiting = leave_out_overpaying()
    problems += waiting
    if not fetch("SELECT 1 FROM run_song UNION ALL SELECT 1 FROM run_reversal LIMIT 1"):
        return nothing_new(problems)
    run = DistributionRun.objects.create(
        period=period,
        inputs_hash=inputs_hash(period, cells, holds),
        code_version=code_version(),
        created_by=actor,
    )
    freeze(run, cells)
    earnings = divide_songs(run, [hold for hold in holds if hold.recording_id is not None])
    if not earnings:
        return nothing_new(problems)
    taken = take_from_recipients(run)
    statements = post_payees(run, taken)
    post_rest(run, taken)
    result = result_of(run, earnings, statements, taken.moved, problems)
    run.payees = result.payees
    run.totals = totals_as_text(result)
    run.save(update_fields=["payees", "totals"])
    Pool.objects.filter(pk__in=set(again) - set(overpaying)).update(to_divide_again=False)
    return result
