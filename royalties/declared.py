"""What a sender declared of a report, beside what was read in it: to the line, and to the fen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from portal.accounts.models import User
from royalties.models import DeclaredTotal, Report

FEN: Final = 10_000  # micros
SAID_BY_PEOPLE: Final = [choice for choice in DeclaredTotal.Origin.choices if choice[0] != DeclaredTotal.Origin.FILE]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A declared total beside ours. A difference is declared less ours, in lines or micros; None where nothing is declared."""

    total: DeclaredTotal
    lines: int | None
    micros: int | None
    agrees: bool


def agree_to_the_fen(declared: int, ours: int) -> bool:
    """Whether two amounts in micros say the same. Who declares whole fen has rounded or cut, so less than a fen is none.

    >>> agree_to_the_fen(1_230_000, 1_234_567), agree_to_the_fen(1_240_000, 1_234_567)
    (True, True)
    >>> agree_to_the_fen(1_250_000, 1_234_567), agree_to_the_fen(1_234_566, 1_234_567)
    (False, False)
    """
    return abs(declared - ours) < (1 if declared % FEN else FEN)


def compare(total: DeclaredTotal, report: Report) -> Compared:
    ours = int(report.accepted_micros + report.rejected_micros)
    lines = None if total.lines is None else total.lines - report.lines
    micros = None if total.micros is None else int(total.micros) - ours
    agrees = not lines and (total.micros is None or agree_to_the_fen(int(total.micros), ours))
    return Compared(total=total, lines=lines, micros=micros, agrees=agrees)


def compared_totals(report: Report) -> list[Compared]:
    """Each total that stands beside what was read. One query."""
    totals = report.declared_totals.filter(superseded_at__isnull=True).select_related("declared_by").order_by("pk")
    return [compare(total, report) for total in totals]


def disagrees(report: Report) -> bool:
    """Whether something declared is not what was read, and nobody has accepted the file since it was declared."""
    accepted_at = report.accepted_as_is_at
    return any(
        not found.agrees and (accepted_at is None or found.total.created_at > accepted_at)
        for found in compared_totals(report)
    )


def note_total(
    *,
    report: Report,
    origin: str,
    lines: int | None,
    micros: int | None,
    actor: User | None,
    note: str = "",
    line_no: int | None = None,
) -> bool:
    """Keep what is declared; the total of the same origin that stood until now stays readable. False: it says the same.

    Two Nones take back what stood. Whether the report's money may move is then another question: services.decide_state.
    """
    standing = report.declared_totals.filter(origin=origin, superseded_at__isnull=True)
    before = standing.first()
    said = (None, None) if before is None else (before.lines, before.micros)
    if said == (lines, micros):
        return False
    standing.update(superseded_at=timezone.now())
    DeclaredTotal.objects.create(
        report=report, origin=origin, lines=lines, micros=micros, declared_by=actor, note=note.strip(), line_no=line_no
    )
    return True


def begin_totals_anew(report: Report) -> None:
    """A refused report begins anew: what was declared of it stays readable, and stands no more."""
    report.declared_totals.filter(superseded_at__isnull=True).update(superseded_at=timezone.now())


def copy_totals_of(old: Report, new: Report) -> None:
    """The same file read again: what people declared of it still holds, and what stands in it is read again."""
    totals = old.declared_totals.filter(superseded_at__isnull=True)
    DeclaredTotal.objects.bulk_create(
        DeclaredTotal(
            report=new,
            origin=total.origin,
            lines=total.lines,
            micros=total.micros,
            note=total.note,
            declared_by=total.declared_by,
        )
        for total in totals
        if total.origin != DeclaredTotal.Origin.FILE
    )
