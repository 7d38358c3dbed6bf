"""What the main job came to, every figure counted in the database when it is printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.utils.translation import gettext as _

from portal.accounts.models import Membership, Role
from portal.demo import society
from portal.lib import wording
from portal.lib.money import format_units
from royalties.distribution import POOL_AMOUNTS
from royalties.models import Pool
from royalties.querysets import NOT_COUNTED

LINES: Final = """
SELECT sum(r.lines)::bigint AS received, sum(r.accepted)::bigint AS accepted, sum(r.rejected)::bigint AS rejected,
    sum(r.rejected_micros)::bigint AS rejected_micros, sum(r.accepted_micros + r.rejected_micros)::bigint AS reported_micros
FROM royalties_report r WHERE NOT r.held_reason = ANY (%(not_counted)s)
"""
OUTCOMES: Final = """
SELECT m.outcome, sum(u.lines)::bigint AS lines, sum(u.amount_micros)::bigint AS cny
FROM royalties_songusage u JOIN royalties_match m ON m.recording_id = u.recording_id AND m.superseded_at IS NULL
JOIN royalties_report r ON r.id = u.report_id AND NOT r.held_reason = ANY (%(not_counted)s) GROUP BY 1
"""
# A pool's won are divided over all its songs whether matched or not, so that what rests has its figure in won too.
WON: Final = f"""
SELECT coalesce(m.outcome, 'rejected') AS outcome, sum(a.k)::bigint AS won
FROM ({POOL_AMOUNTS}) a
LEFT JOIN royalties_songusage u ON u.id = a.song_usage_id
LEFT JOIN royalties_match m ON m.recording_id = u.recording_id AND m.superseded_at IS NULL
GROUP BY 1
"""
RELEASED: Final = (
    "SELECT coalesce(sum(gross_micros), 0)::bigint AS won FROM royalties_statement WHERE hold_id IS NOT NULL"
)
EARNED: Final = """
SELECT state, sum(source_micros)::bigint AS cny, sum(won_micros)::bigint AS won FROM royalties_earning GROUP BY 1
"""
STATED: Final = """
SELECT sum(deducted_micros)::bigint AS deducted, sum(payable_micros)::bigint AS payable, sum(carried_micros)::bigint AS carried,
    count(DISTINCT party_id) AS payees, count(*) AS statements
FROM royalties_statement WHERE run_id IS NOT NULL
"""


@dataclass(frozen=True)
class Row:
    """A line of the table: what it is, yuan and won in micros; None where the figure arises in won only."""

    label: str
    yuan: int | None
    won: int

    def text(self) -> str:
        yuan = format_units(self.yuan, "CNY", 6) if self.yuan is not None else "–"
        return f"  {self.label:<28}{yuan:>24}{format_units(self.won, 'KRW', 6):>28}"


def rows(query: str, params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def counted(label: str, count: int) -> str:
    return f"  {label:<28}{count:>24,}"


def headed(label: str) -> str:
    return f"{label:<30}{'CNY':>24}{'KRW':>28}"


def sign_ins() -> list[str]:
    """Who signs in with the demo's password, one line each; a delegate with whom she acts for and until when."""
    found = []
    for seat in society.SEATS:
        words = f"{Role(seat.role).label}, {seat.name}"
        for acting in Membership.objects.in_force().filter(user__email=seat.email, role=Role.DELEGATE):
            said = _("%(who)s: acts for %(writer)s until %(day)s")
            words = said % {"who": words, "writer": acting.organisation.name, "day": wording.day(acting.last_date)}
        found.append(f"  {seat.email:<28}{words}")
    return found


def lines_of_result() -> list[str]:
    """The result as it is printed: lines, then both identities, in yuan and in won."""
    not_counted = {"not_counted": list(NOT_COUNTED)}
    report = rows(LINES, not_counted)[0]
    outcome = {row["outcome"]: row for row in rows(OUTCOMES, not_counted)}
    won = {row["outcome"]: row["won"] for row in rows(WON, {"pools": list(Pool.objects.values_list("pk", flat=True))})}
    earned = {row["state"]: row for row in rows(EARNED)}
    stated = rows(STATED)[0]
    accepted, review, none = (outcome[name] for name in ("accepted", "review", "none"))
    distributed = Row(
        _("distributed"), sum(row["cny"] for row in earned.values()), sum(row["won"] for row in earned.values())
    )
    exchanged = sum(Pool.objects.values_list("won_micros", flat=True))
    first = [
        Row(_("reported"), report["reported_micros"], exchanged),
        Row(_("= matched"), accepted["cny"], won["accepted"]),
        Row(_("+ to review"), review["cny"], won["review"]),
        Row(_("+ unmatched"), none["cny"], won["none"]),
        Row(_("+ rejected"), report["rejected_micros"], won["rejected"]),
    ]
    ours = earned["payable"]["cny"]
    second = [
        distributed,
        Row(_("= payable"), ours, stated["payable"]),
        Row(_("+ held"), earned["held"]["cny"], earned["held"]["won"]),
        Row(_("+ in suspense"), earned["suspense"]["cny"], earned["suspense"]["won"]),
        Row(_("+ not ours"), earned["not_ours"]["cny"], earned["not_ours"]["won"]),
        Row(_("+ deducted"), None, stated["deducted"]),
        Row(_("+ carried over"), None, stated["carried"]),
    ]
    for total, *parts in (first, second):
        for side in ("yuan", "won"):
            if getattr(total, side) != sum(getattr(part, side) or 0 for part in parts):
                raise AssertionError(f"{total.label} does not add up in {side}")
    return [
        _("Lines"),
        counted(_("lines received"), report["received"]),
        counted(_("accepted"), report["accepted"]),
        counted(_("rejected"), report["rejected"]),
        counted(_("matched"), accepted["lines"]),
        counted(_("to review"), review["lines"]),
        counted(_("unmatched"), none["lines"]),
        headed(_("Money")),
        *(row.text() for row in first),
        "",
        *(row.text() for row in second),
        Row(_("held, and released since"), None, rows(RELEASED)[0]["won"]).text(),
        "",
        _("%(payees)s payees, %(statements)s statements") % {key: stated[key] for key in ("payees", "statements")},
    ]
