"""The facts of a society's distribution, line by line: written with the lines, and matched to our parties at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection

from royalties.models import Report
from royalties.reports.society import SocietyFacts

COPY: Final = """
    COPY royalties_societyline (report_id, line_no, party_name, ipi, role, "right", reference, share_numerator,
        share_denominator, gross_micros, fee_micros, tax_micros, net_micros) FROM STDIN"""

# The IPI decides; a name only where it is the name of one person, and the line has no IPI that is somebody else's.
BY_IPI: Final = """
    UPDATE royalties_societyline s SET party_id = p.id FROM works_party p
    WHERE s.report_id = %s AND s.ipi <> '' AND p.ipi_name_number = s.ipi"""
BY_NAME: Final = """
    WITH named AS (
        SELECT text, min(party_id) AS party_id FROM (
            SELECT name AS text, id AS party_id FROM works_party WHERE kind = 'writer'
            UNION SELECT n.text, n.party_id FROM works_partyname n JOIN works_party p ON p.id = n.party_id
                WHERE n.ended_at IS NULL AND p.kind = 'writer') AS names
        WHERE text IN (SELECT party_name FROM royalties_societyline WHERE report_id = %(report)s AND party_id IS NULL AND ipi = '')
        GROUP BY text HAVING count(DISTINCT party_id) = 1)
    UPDATE royalties_societyline s SET party_id = named.party_id FROM named
    WHERE s.report_id = %(report)s AND s.party_id IS NULL AND s.ipi = '' AND s.party_name = named.text"""
SUMS: Final = """
    SELECT count(*), count(gross_micros), coalesce(sum(gross_micros), 0), coalesce(sum(fee_micros), 0),
        coalesce(sum(tax_micros), 0), coalesce(sum(net_micros), 0), count(*) FILTER (WHERE party_name <> '' OR ipi <> ''),
        count(party_id), coalesce(sum(net_micros) FILTER (WHERE party_id IS NOT NULL), 0)
    FROM royalties_societyline WHERE report_id = %s"""


@dataclass(frozen=True, kw_only=True)
class SocietySums:
    """Of all lines that were accepted, in micros: what was distributed, what was kept, what arrives; and for whom."""

    lines: int
    has_gross: bool
    gross_micros: int
    fee_micros: int
    tax_micros: int
    net_micros: int
    named_lines: int  # that name a party
    found_lines: int  # whose party is ours
    found_micros: int


def copy_society_lines(report: Report, facts: Sequence[SocietyFacts]) -> None:
    """Write what the lines of a chunk say beside their songs."""
    if not facts:
        return
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for fact in facts:
            copy.write_row((report.pk, *fact))


def find_parties(report: Report) -> None:
    """Say which of our parties a complete distribution names: by IPI, and people without one by their name if it is one person's."""
    with connection.cursor() as cursor:
        cursor.execute(BY_IPI, [report.pk])
        cursor.execute(BY_NAME, {"report": report.pk})


def society_sums(report: Report) -> SocietySums | None:
    """The sums of a society's distribution; None of a report that is none."""
    with connection.cursor() as cursor:
        cursor.execute(SUMS, [report.pk])
        lines, with_gross, gross, fee, tax, net, named, found, found_micros = map(int, cursor.fetchone())
    if not lines:
        return None
    return SocietySums(
        lines=lines,
        has_gross=with_gross > 0,
        gross_micros=gross,
        fee_micros=fee,
        tax_micros=tax,
        net_micros=net,
        named_lines=named,
        found_lines=found,
        found_micros=found_micros,
    )
