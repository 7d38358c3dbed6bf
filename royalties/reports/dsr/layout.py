"""Where things stand in the lines that reader.py makes of a DSR file."""

from __future__ import annotations

from typing import Final

from royalties.models import Service
from royalties.reports.base import Layout
from royalties.reports.dsr.blocks import HEADERS

AT: Final = {header: at for at, header in enumerate(HEADERS)}


def layout_of_dsr(family: str) -> Layout:
    """The service is the source's own, and the territory was looked at by the reader: what is not China never gets here."""
    return Layout(
        family=family,
        headers=HEADERS,
        period=AT["UsageStartDate"],
        service=Service.OTHER,
        song_id=AT["DspResourceId"],
        isrc=AT["ISRC"],
        title=AT["Title"],
        artist=AT["DisplayArtistName"],
        album=AT["ReleaseTitle"],
        iswc=AT["ISWC"],
        writers=AT["ComposerAuthor"],
        duration=AT["Duration"],
        money=AT["AllocatedAmount"],
        uses=(AT["Usages"],),
        file_line=AT["Line"],
        text_ids=True,
    )
