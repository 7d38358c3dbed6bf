"""What a society says beside the song, on the lines of its distributions: whose share it is, of what use, and what was kept.

Amounts are micros of the report's currency. A line must add up: gross less fee and tax is net, to the fen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

from portal.lib.money import NotAnAmount, parse_micros
from royalties.reports.base import BadLine, Layout
from royalties.reports.csv_lines import showable
from royalties.reports.styles import as_plain
from works.catalogue.spreadsheet import read_share
from works.identifiers import parse_ipi_name

A_FEN: Final = 10_000  # micros
PLAIN_PERCENT: Final = re.compile(r"\d{1,3}(\.\d{1,12})?", re.ASCII)
LONGEST: Final = 200
NO_SHARE: Final = (None, None)


class SocietyFacts(NamedTuple):
    """A row of SocietyLine but for the report. The share is of the work, as a fraction; None where no column says it."""

    line_no: int
    party: str
    ipi: str
    role: str
    right: str
    reference: str
    share_numerator: int | None
    share_denominator: int | None
    gross_micros: int | None
    fee_micros: int
    tax_micros: int
    net_micros: int


def read_facts(line_no: int, cells: Sequence[str], layout: Layout, net_micros: int) -> SocietyFacts:
    """The facts of a line. Raises BadLine where it does not add up or a cell is not what its column holds."""
    if layout.written is None:
        raise ValueError("a layout without a mapping has no facts of societies")
    columns = dict(layout.written.society)
    texts = {name: showable(cells[at].strip()) for name, at in columns.items()}
    gross, fee, tax = (_micros(name, texts, columns, layout) for name in ("gross", "fee", "tax"))
    kept = (fee or 0) + (tax or 0)
    if gross is not None and layout.money is not None and abs(gross - kept - net_micros) >= A_FEN:
        raise BadLine("does_not_add_up", layout.headers[layout.money], cells[layout.money])
    share = _share(texts.get("share", ""), layout.headers[columns["share"]]) if "share" in columns else NO_SHARE
    ipi = parse_ipi_name(texts["party_ipi"]) if texts.get("party_ipi") else None
    return SocietyFacts(
        line_no,
        texts.get("party", "")[:LONGEST],
        ipi.value if ipi and ipi.well_formed else "",
        texts.get("role", "")[:LONGEST],
        texts.get("right", "")[:LONGEST],
        texts.get("reference", "")[:LONGEST],
        *share,
        gross,
        fee or 0,
        tax or 0,
        net_micros,
    )


def _micros(name: str, texts: dict[str, str], columns: dict[str, int], layout: Layout) -> int | None:
    """An amount that is no line's money of ours; a blank one is not said."""
    if not texts.get(name) or layout.written is None:
        return None
    try:
        return parse_micros(as_plain(texts[name], layout.written.numbers))[0]
    except NotAnAmount:
        raise BadLine("amount", layout.headers[columns[name]], texts[name]) from None


def _share(text: str, header: str) -> tuple[int | None, int | None]:
    """A fraction or a percentage. A bare number above 1 is a percentage too; of one up to 1 nobody can tell, and it says none."""
    if not text:
        return NO_SHARE
    share = read_share(text)
    if share is None and PLAIN_PERCENT.fullmatch(text):
        share = Fraction(Decimal(text)) / 100
        if share * 100 <= 1:
            return NO_SHARE
    if share is None or share > 1:
        raise BadLine("share", header, text)
    return share.numerator, share.denominator
