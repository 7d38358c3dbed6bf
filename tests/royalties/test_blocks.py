"""Lines in blocks: what goes in comes out, no line can stand twice, and a list finds its place without reading everything."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.db.models import QuerySet
from hypothesis import given, settings, strategies as st
from polars.exceptions import InvalidOperationError

from portal.lib.keyset import page_of, rows_beyond
from royalties.ingest.blocks import LINES_A_BLOCK, copy_blocks
from royalties.ingest.sums import SUM_UP
from royalties.ingest.totals import copy_totals
from royalties.models import LineBlock, Report, ReportedRecording, SongUsage, UsageLine
from royalties.querysets import LINE_KEYS
from royalties.reports.placed import PlacedLines, no_lines
from tests.royalties.build import MONTH, UNMATCHED, report, song, tme

Stored = tuple[int, str, dt.date, int, int]  # recording, service, month, uses, micros

A_LINE = st.none() | st.tuples(
    st.integers(1, 9),
    st.sampled_from(["qq", "kugou", "wesing"]),
    st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)).map(lambda day: day.replace(day=1)),
    st.integers(0, 10**15),
    st.integers(0, 10**17),
)


def placed_lines(lines: Sequence[Stored | None]) -> PlacedLines:
    """Lines at their places; None for one that was rejected."""
    said = sorted({(line[1], line[2].isoformat()) for line in lines if line})
    placed = no_lines(len(lines), said)
    for at, line in enumerate(lines):
        if line:
            recording, service, month, uses, micros = line
            placed.recordings[at], placed.kinds[at] = recording, said.index((service, month.isoformat()))
            placed.uses[at], placed.micros[at] = uses, micros
    return placed


def store(report_id: int, lines: Sequence[Stored | None], first_line: int = 2) -> None:
    copy_blocks(placed_lines(lines), period=MONTH, report_id=report_id, first_line=first_line)


def numbered(lines: Sequence[Stored | None], first_line: int = 2) -> list[tuple[int, int, str, dt.date, int, int]]:
    return [(number, *line) for number, line in enumerate(lines, first_line) if line]


def read(report_id: int) -> list[tuple[int, int, str, dt.date, int, int]]:
    rows = UsageLine.objects.filter(report_id=report_id).order_by("line_no")
    return list(rows.values_list("line_no", "recording_id", "service", "usage_month", "uses", "amount_micros"))


@pytest.fixture
def partition(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT royalties_make_partition(%s)", [MONTH])


@pytest.mark.usefixtures("partition")
@settings(max_examples=100, deadline=None)
@given(st.lists(A_LINE, max_size=12), st.integers(1, 4))
def test_what_goes_in_comes_out_and_adds_up(lines: list[Stored | None], of: int) -> None:
    with transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("royalties.ingest.blocks.LINES_A_BLOCK", 5)
        store(1, lines)
        assert read(1) == numbered(lines)
        assert LineBlock.objects.count() == -(-len(lines) // 5)
        for start in range(0, len(lines), 4):
            copy_totals(placed_lines(lines[start : start + 4]), report_id=1, first_line=2 + start)
        with connection.cursor() as cursor:
            for part in range(of):
                cursor.execute(SUM_UP, [1, 2, of, part])
        sums: dict[tuple[int, str, dt.date], list[int]] = {}
        for _, recording, service, month, uses, micros in numbered(lines):
            cell = sums.setdefault((recording, service, month), [0, 0, 0])
            cell[:] = cell[0] + 1, cell[1] + uses, cell[2] + micros
        found = SongUsage.objects.values_list(
            "recording_id", "service", "usage_month", "lines", "uses", "amount_micros"
        )
        assert {row[:3]: list(row[3:]) for row in found} == sums
        transaction.set_rollback(True)


@pytest.mark.usefixtures("partition")
def test_a_sum_too_great_to_be_stored_is_an_error() -> None:
    placed = placed_lines([(1, "qq", MONTH, 1, 10**18)] * 10)
    with pytest.raises(InvalidOperationError):
        copy_totals(placed, report_id=1, first_line=2)


@pytest.mark.usefixtures("partition")
def test_no_line_stands_in_two_blocks() -> None:
    line = (1, "qq", MONTH, 1, 1)
    store(1, [line] * 10)
    for first_line in (2, 1, 7, 11):
        with pytest.raises(psycopg.IntegrityError, match=r"_excl|_pkey"), transaction.atomic():
            store(1, [line] * 6, first_line)
    store(1, [line] * 6, 12)
    store(2, [line] * 10)
    assert [number for number, *_ in read(1)] == list(range(2, 18))


@pytest.mark.usefixtures("partition")
def test_a_block_has_a_place_for_every_line() -> None:
    store(1, [(1, "qq", MONTH, 1, 1)] * 3)
    with (
        pytest.raises(IntegrityError, match="a_place_for_every_line"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("""
            INSERT INTO royalties_lineblock (period, report_id, first_line, last_line, services, usage_months, recordings,
                kinds, uses, amounts_micros)
            SELECT period, 2, first_line, last_line + 1, services, usage_months, recordings, kinds, uses, amounts_micros
            FROM royalties_lineblock""")


@pytest.mark.usefixtures("partition")
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE royalties_lineblock SET uses[1] = 5",
        "DELETE FROM royalties_lineblock",
        "UPDATE royalties_lineblock_2026_01 SET uses[1] = 5",
    ],
)
def test_the_application_cannot_change_lines(change: str) -> None:
    store(1, [(1, "qq", MONTH, 1, 1)])
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)


def most_rows(rows: QuerySet[UsageLine]) -> int:
    """Of all steps of the plan, the rows that the one looked at which looked at most."""

    def counts(step: dict[str, Any]) -> list[int]:
        below = [count for each in step.get("Plans", ()) for count in counts(each)]
        looked_at = step["Actual Rows"] + step.get("Rows Removed by Filter", 0)
        return [round(step["Actual Loops"] * looked_at), *below]

    explained = json.loads(rows.explain(format="json", analyze=True))
    return max(counts(explained[0]["Plan"]))


@pytest.mark.usefixtures("partition")
def test_a_late_page_of_a_long_list_reads_no_earlier_block() -> None:
    count = 40 * LINES_A_BLOCK
    store(1, [(1, "qq", MONTH, 1, 1)] * count)
    rows = UsageLine.objects.of_report(Report(pk=1, period=MONTH))
    block, line_no = count - 2 * LINES_A_BLOCK + 2, count - LINES_A_BLOCK - 21
    page = page_of(rows, keys=LINE_KEYS, after=f"{block}~{line_no}")
    assert [line.line_no for line in page.rows] == list(range(line_no + 1, line_no + 51))
    asked = rows_beyond(rows, LINE_KEYS, f"{block}~{line_no}")[:51]
    assert most_rows(asked) <= 2 * LINES_A_BLOCK


@pytest.mark.django_db
def test_the_lines_of_a_song_come_from_the_blocks_that_name_it() -> None:
    tme()
    made = report([], {})
    rare = song("rare", UNMATCHED, made)
    others = [(rare.pk + 1, "qq", MONTH, 1, 1)] * (3 * LINES_A_BLOCK)
    lines = [*others[: LINES_A_BLOCK + 7], (rare.pk, "qq", MONTH, 2, 3), *others]
    store(made.pk, lines)
    usage = SongUsage.objects.create(
        report=made, recording=ReportedRecording.objects.get(pk=rare.pk), service="qq", usage_month=MONTH, lines=1, uses=2,
        amount_micros=3,
    )  # fmt: skip
    its = UsageLine.objects.summed_in(usage)
    assert [(line.line_no, line.uses, line.amount_micros) for line in its] == [(LINES_A_BLOCK + 9, 2, 3)]
    assert most_rows(its) <= LINES_A_BLOCK
