"""Identifiers of works, recordings, people and products: their stored form and their check digit.

A wrong check digit is a warning, never a refusal: 2 of 2,060 name numbers in CISAC's own list fail theirs. What is not
even shaped like the identifier is `well_formed=False`, and its value is then the text as given, for the message about it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

SEPARATORS: Final = re.compile(r"[\s.\-\u2010-\u2015\u2212]+")
LABELS: Final = re.compile(r"^\s*(?:ISWC|ISRC|ISNI|IPI|EAN|UPC)\s*:?\s+", re.IGNORECASE)
ISWC: Final = re.compile(r"T[0-9]{10}")
ISRC: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")
IPI_NAME: Final = re.compile(r"[0-9]{3,11}")
IPI_NAME_DOTTED: Final = re.compile(r"[0-9]{5}\.[0-9]{2}\.[0-9]{2}\.[0-9]{2}")
IPI_BASE: Final = re.compile(r"I[0-9]{10}")
ISNI: Final = re.compile(r"[0-9]{15}[0-9X]")
EAN: Final = re.compile(r"[0-9]{12,13}")


@dataclass(frozen=True)
class Identifier:
    """What was read: the stored form (or the text as given), whether it has the shape, and whether the digits add up."""

    value: str
    well_formed: bool
    check_ok: bool


def parse_iswc(text: str) -> Identifier:
    """Work code, stored as T and ten digits: "T-034.524.680-1" is T0345246801 (ISO 15707)."""
    value = _squeeze(text)
    if not ISWC.fullmatch(value):
        return _malformed(text)
    return Identifier(value, True, value[10] == _weighted_digit(1, value[1:10]))


def parse_isrc(text: str) -> Identifier:
    """Recording code, stored as twelve characters (ISO 3901). It has no check digit: well formed is all there is."""
    value = _squeeze(text)
    if not ISRC.fullmatch(value):
        return _malformed(text)
    return Identifier(value, True, True)


def parse_ipi_name(text: str) -> Identifier:
    """IPI name number, stored as eleven digits: nine and two check digits, modulus 101.

    Shorter numbers are filled with zeros from the left, because spreadsheets drop them. A dot is accepted only in the
    written form 00014.10.73.38: anywhere else it is a decimal point, and "14107338.0" must not become another number.
    """
    plain = _plain(text)
    digits = plain.replace(".", "") if IPI_NAME_DOTTED.fullmatch(plain) else SEPARATORS.sub("", plain.replace(".", "!"))
    if not IPI_NAME.fullmatch(digits):
        return _malformed(text)
    value = digits.zfill(11)
    rest = sum((10 - place) * int(value[place]) for place in range(9)) % 101
    check = (101 - rest) % 100 if rest else 0
    return Identifier(value, True, check == int(value[9:]))


def parse_ipi_base(text: str) -> Identifier:
    """IPI base number, stored as I and ten digits: "I-000000229-7" is I0000002297."""
    value = _squeeze(text)
    if not IPI_BASE.fullmatch(value):
        return _malformed(text)
    return Identifier(value, True, value[10] == _weighted_digit(2, value[1:10]))


def parse_isni(text: str) -> Identifier:
    """Name identifier, stored as sixteen characters of which the last may be X (ISO 27729; ISO 7064 mod 11-2)."""
    value = _squeeze(text)
    if not ISNI.fullmatch(value):
        return _malformed(text)
    total = 0
    for digit in value[:15]:
        total = 2 * (total + int(digit))
    check = (12 - total % 11) % 11
    return Identifier(value, True, value[15] == ("X" if check == 10 else str(check)))


def parse_ean(text: str) -> Identifier:
    """Product code, stored as the thirteen digits of an EAN; a UPC-A of twelve gets a 0 in front."""
    digits = _squeeze(text)
    if not EAN.fullmatch(digits):
        return _malformed(text)
    value = digits.zfill(13)
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(value))
    return Identifier(value, True, total % 10 == 0)


def _plain(text: str) -> str:
    """Full-width forms as plain ones, upper case, without a label such as "ISWC:" in front."""
    return LABELS.sub("", unicodedata.normalize("NFKC", text)).strip().upper()


def _squeeze(text: str) -> str:
    return SEPARATORS.sub("", _plain(text))


def _malformed(text: str) -> Identifier:
    return Identifier(text.strip(), False, False)


def _weighted_digit(start: int, digits: str) -> str:
    """The digit that brings the sum of place times digit, counted from `start`, to a multiple of ten."""
    total = start + sum(place * int(digit) for place, digit in enumerate(digits, 1))
    return str(-total % 10)
