"""JSON as it comes over the wire, and no surprises: UTF-8, no larger than needed, not nested without end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import IO, Any, Final, NoReturn

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from portal.rest.errors import BodyTooLarge, BodyUnreadable

MOST_BYTES: Final = 1_000_000
LONGEST_NUMBER: Final = 40
DEEPEST: Final = 20  # far below where Python would fail to compare or print what it could still read
SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")  # may be half a letter, which no answer and no table could hold


class JsonParser(BaseParser):
    """Raises BodyTooLarge and BodyUnreadable."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        data = stream.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise BodyTooLarge(kilobytes=MOST_BYTES // 1000)
        try:
            found = json.loads(
                data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse, parse_float=_whole
            )
            _require_shallow(found)
            if SURROGATE.search(data):
                json.dumps(found, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError) as error:
            raise BodyUnreadable from error
        return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that stands twice in one object would leave open which of its values was meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(pairs)
    return found


def _require_shallow(found: Any) -> None:
    level = [found]
    for _depth in range(DEEPEST):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return
    raise ValueError(DEEPEST)


def _inside(each: Any) -> Iterable[Any]:
    if isinstance(each, dict):
        return each.values()
    return each if isinstance(each, list) else ()


def _refuse(text: str) -> NoReturn:
    """NaN and Infinity are no JSON."""
    raise ValueError(text)


def _whole(text: str) -> int:
    """12.0 and 1e3 are whole numbers, as JSON Schema has it. No other: money and shares are whole here, 0.1 would not stay so."""
    try:
        number = Decimal(text[:LONGEST_NUMBER])
    except InvalidOperation as error:  # an exponent beyond everything
        raise ValueError(text) from error
    if len(text) > LONGEST_NUMBER or number.adjusted() >= LONGEST_NUMBER or number != number.to_integral_value():
        raise ValueError(text)
    return int(number)


class AlwaysJson(BaseContentNegotiation):
    """An endpoint has one way to answer, whatever the header Accept says."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        media_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type
