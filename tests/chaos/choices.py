"""What staff decide about files, and what follows of it in money, with a kill at every commit.

    python -m tests.chaos.choices SEED [WORD …]

A month of one source: a statement, a supplement to it, a replacement of it, a correction of that, and the supplement withdrawn; each
is read, settled, paid for and distributed. Every deed runs in a process of its own. One whose name holds a WORD is killed before its first
commit, after its first, before its second and so on, each time begun anew, until it comes to its end; and then it is done
once more, which must change nothing. Prints how often each was killed, as JSON.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from io import BytesIO
from typing import Any, Final

import django

LINES: Final = 120
SONGS: Final = 40
CHUNK: Final = 40
NAMES: Final = {"statement": 1, "supplement": 2, "replacement": 3, "correction": 4}
Deed = tuple[str, Callable[[], object]]
BEFORE, AFTER = "before", "after"
# Not by each process; but not polars, which hangs in a process that is forked after it began to work.
LOADED_ONCE: Final = (
    "royalties.ingest",
    "royalties.distribution",
    "royalties.standing",
    "royalties.checks",
    "works.catalogue.ingest",
)
MOST_COMMITS: Final = 500  # of one deed; beyond, it does not come to its end

# What the money came to, without numbers that the database gives out in the order of arrival.
TABLES: Final = {
    "decisions": """
        SELECT f.label, r.kind, r.state, r.held_reason, d.choice, d.reason FROM royalties_report r
        JOIN files_storedfile f ON f.id = r.file_id LEFT JOIN royalties_reportdecision d ON d.report_id = r.id
        ORDER BY r.id, d.choice""",
    "pools": """
        SELECT m.reference, p.state, p.source_micros, p.won_micros FROM royalties_pool p
        JOIN royalties_remittance m ON m.id = p.remittance_id ORDER BY 1""",
    "earnings": """
        SELECT f.label, s.key, e.party_id, e."right", e.state, e.currency, e.source_micros, e.won_micros, e.reverses_id IS NOT NULL
        FROM royalties_earning e JOIN royalties_songusage u ON u.id = e.song_usage_id
        JOIN royalties_reportedrecording s ON s.id = u.recording_id JOIN royalties_report r ON r.id = u.report_id
        JOIN files_storedfile f ON f.id = r.file_id ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, u.service, u.usage_month""",
    "accounts": """
        SELECT a.kind, a.currency, coalesce(m.reference, a.owner_key), t.kind, t.effective_date, count(*), sum(e.amount_micros)
        FROM royalties_ledgerentry e JOIN royalties_ledgeraccount a ON a.id = e.account_id
        JOIN royalties_ledgertransaction t ON t.id = e.transaction_id
        LEFT JOIN royalties_pool p ON a.owner_key = 'pool:' || p.id LEFT JOIN royalties_remittance m ON m.id = p.remittance_id
        GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5""",
    "statements": """
        SELECT period, party_id, currency, gross_micros, deducted_micros, net_micros, payable_micros, carried_micros
        FROM royalties_statement ORDER BY 1, 2, 3, 4""",
}


def deeds(seed: int) -> Iterator[Deed]:
    """Everything that is done, in its order."""
    yield "register", _register
    yield from _bring("statement", seed)
    yield from _pay("statement", 10)
    yield from _bring("supplement", seed)
    yield from _settle("supplement")
    yield from _pay("supplement", 11)
    yield from _bring("replacement", seed)
    yield from _settle("replacement", "statement")
    yield from _pay("replacement", 12)
    yield from _bring("correction", seed)
    yield from _settle("correction", "replacement")
    yield "correction is read", partial(_read, "correction")
    yield from _pay("correction", 1)
    yield "withdrawal is settled", _withdraw
    yield from _pay("withdrawal", 2)


def main(seed: int, *, kill: Sequence[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    for name in LOADED_ONCE:
        import_module(name)
    from royalties.reports import csv_lines

    csv_lines.LINES_A_CHUNK = CHUNK  # type: ignore[misc]  # it is Final for everybody else
    killed: Counter[str] = Counter()
    for name, deed in deeds(seed):
        if any(word in name for word in kill) and name != "register":
            killed[name] = _sweep(deed)
        assert _in_a_process(deed) == 0, name
    json.dump(killed, sys.stdout)


def _sweep(deed: Callable[[], object]) -> int:
    """Do it until it comes to its end, and kill it at every commit on the way; how often."""
    points = [(number, place) for number in range(1, MOST_COMMITS) for place in (BEFORE, AFTER)]
    for killed, (number, place) in enumerate(points):
        status = _in_a_process(partial(_doomed, deed, number, place))
        if status == 0:
            return killed
        assert status == -signal.SIGKILL, status
    raise AssertionError("it does not come to its end")


def _in_a_process(deed: Callable[[], object]) -> int:
    """The exit status of a process that did it; one that was killed has the negative signal."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    status = 1
    try:
        deed()
        status = 0
    finally:
        if status:
            import traceback

            traceback.print_exc()
        sys.stderr.flush()
        os._exit(status)


def _doomed(deed: Callable[[], object], number: int, place: str) -> None:
    """Do it, but die at its commit of this number."""
    from django.db.backends.base.base import BaseDatabaseWrapper

    commit = BaseDatabaseWrapper._commit  # type: ignore[attr-defined]
    commits = itertools.count(1)

    def commit_or_die(self: BaseDatabaseWrapper) -> Any:
        is_last = next(commits) == number
        if is_last and place == BEFORE:
            os.kill(os.getpid(), signal.SIGKILL)
        result = commit(self)
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    BaseDatabaseWrapper._commit = commit_or_die  # type: ignore[attr-defined]
    deed()


# ── the deeds ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _register() -> None:
    """Two of three songs have a work; twenty writers share them. And somebody who decides."""
    from portal.accounts.models import Organisation, User
    from portal.jobs.services import drain
    from tests.works.build import as_csv, row
    from works.catalogue.ingest import STAGES
    from works.services import receive_catalogue

    works = [
        row(f"W{song}", f"노래 {song} song", performer=f"가수 {song % 97}", party=f"작가 {song % 20}")
        for song in range(SONGS)
        if song % 3
    ]
    publisher = Organisation.objects.create(kind=Organisation.Kind.PUBLISHER, name="출판")
    _upload, job = receive_catalogue(
        stream=BytesIO(as_csv(works).encode()), label="works.csv", organisation=publisher, user=None, bell=False
    )
    drain(job_id=job.pk, stages=STAGES)
    User.objects.create_user("staff@example.org", name="직원")


def _bring(name: str, seed: int) -> Iterator[Deed]:
    yield f"{name} is brought", partial(_receive, name, seed)
    yield f"{name} is read", partial(_read, name)


def _pay(name: str, month: int) -> Iterator[Deed]:
    yield f"{name} is paid for", partial(_take_money, name)
    yield f"{name} is distributed", partial(_distribute, month)


def _settle(name: str, *earlier: str) -> Iterator[Deed]:
    yield f"{name} is settled", partial(_decide, name, earlier)


def content_of(name: str, seed: int) -> bytes:
    """A statement of a few songs; of a correction half of the amounts are less than nothing."""
    from tests.chaos import statement

    its = statement.FAMILIES["song"]
    dice = random.Random(f"{name} {seed}")  # noqa: S311 it makes a file, not a secret
    song, artist, song_id, money = (
        its.headers.index(header) for header in ("歌曲名", "歌手名", "中央曲库ID", its.money)
    )
    lines = [",".join(its.headers)]
    for row in statement.rows("song", LINES if name == "statement" else LINES // 2, seed + NAMES[name]):
        number = dice.randrange(SONGS)
        row[song], row[artist], row[song_id] = f"노래 {number} song", f"가수 {number % 97}", str(7_000_000 + number)
        if name == "correction" and dice.random() < 0.5:
            row[money] = f"-{dice.randrange(900_000) / 1_000_000:.6f}"
        lines.append(",".join(f'"{cell}"' if "," in cell else cell for cell in row))
    return "\n".join(lines).encode()


def _receive(name: str, seed: int) -> None:
    from portal.files.services import store_upload
    from royalties.ingest import receive_report
    from royalties.models import Source
    from tests.chaos.statement import MONTH

    stored = store_upload(stream=BytesIO(content_of(name, seed)), label=f"song_{name}.csv", user=None)
    receive_report(source=Source.objects.get(code="tme"), stored=stored, period=MONTH, user=None, bell=False)


def _report(name: str) -> Any:
    """The report of this file that counts: a correction has been read twice."""
    from royalties.models import Report

    return Report.objects.get(file__label=f"song_{name}.csv", superseded_at=None)


def _read(name: str) -> None:
    from portal.jobs.models import Job
    from royalties.ingest import work_on
    from tests.chaos.processes import wait_for

    job_id = _report(name).job_id

    def is_over() -> bool:
        work_on(job_id)
        return Job.objects.filter(pk=job_id, state="done").exists()

    wait_for(is_over, f"{name} is read")


def _staff() -> Any:
    from portal.accounts.models import User

    return User.objects.get(email="staff@example.org")


def _decide(name: str, earlier: Sequence[str]) -> None:
    from royalties.standing import settle_second_file

    named = [_report(other) for other in earlier]
    settle_second_file(
        report=_report(name), choice=name, actor=_staff(), reason="they say so", earlier=named, bell=False
    )


def _withdraw() -> None:
    from royalties.standing import withdraw_report

    withdraw_report(report=_report("supplement"), actor=_staff(), reason="it was none")


def _take_money(name: str) -> None:
    """A remittance for a file that counts beside the others; and whatever differs then is accepted."""
    from decimal import Decimal

    from royalties.models import Pool, Source
    from royalties.money_in import NothingReported, accept_difference, attach_waiting, record_remittance
    from tests.chaos.statement import MONTH

    if name in {"statement", "supplement"}:
        report = _report(name)
        record_remittance(
            source=Source.objects.get(code="tme"), period=MONTH, currency="CNY", rate=Decimal("190.1234"), rate_date=MONTH, reference=name,
            amount_micros=int(report.accepted_micros + report.rejected_micros),
        )  # fmt: skip
    attach_waiting()
    for pool in Pool.objects.filter(state=Pool.State.HELD).order_by("pk"):
        with suppress(NothingReported):  # its reports are all gone: it waits
            accept_difference(pool=pool, actor=_staff(), reason="agreed with them")


def _distribute(month: int) -> None:
    import datetime as dt

    from royalties.checks import check_ledger
    from royalties.distribution import distribute

    distribute(period=dt.date(2026 if month > 9 else 2027, month, 1))
    assert check_ledger().differences == ()


if __name__ == "__main__":
    main(int(sys.argv[1]), kill=sys.argv[2:])
