"""Identifiers: the published vectors, the shapes people write them in, and what a check digit promises to notice."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from works.identifiers import (
    Identifier,
    parse_ean,
    parse_ipi_base,
    parse_ipi_name,
    parse_isni,
    parse_isrc,
    parse_iswc,
)

PARSERS = (parse_iswc, parse_isrc, parse_ipi_name, parse_ipi_base, parse_isni, parse_ean)
ISWCS = ("T0345246801", "T9110536293", "T0702472794", "T9109247316", "T1234567894", "T1006000026", "T0123456789")
IPI_NAMES = ("00014107338", "00000000199", "00000000297", "00130046332", "01120306919", "00841473537")
ISNIS = ("000000012146438X", "0000000121707484", "0000000122978569")


@pytest.mark.parametrize("text", ISWCS)
def test_valid_iswcs_are_kept_as_they_are(text: str) -> None:
    assert parse_iswc(text) == Identifier(text, True, True)


@pytest.mark.parametrize(
    "text",
    ["T-034.524.680-1", "t 034 524 680 1", "ISWC: T-034.524.680-1", "Ｔ－０３４．５２４．６８０－１", "T–034524680–1"],
)
def test_an_iswc_is_read_in_the_ways_people_write_it(text: str) -> None:
    assert parse_iswc(text) == Identifier("T0345246801", True, True)


def test_a_wrong_check_digit_of_an_iswc_is_a_warning() -> None:
    assert parse_iswc("T3221234234") == Identifier("T3221234234", True, False)


@pytest.mark.parametrize("text", ["", "T", "T034524680", "0345246801", "T03452468012", "T٠345246801", "좋은 날"])
def test_what_has_not_the_shape_of_an_iswc_is_said_to_be_malformed(text: str) -> None:
    assert parse_iswc(text) == Identifier(text, False, False)


@pytest.mark.parametrize("text", IPI_NAMES)
def test_valid_name_numbers(text: str) -> None:
    assert parse_ipi_name(text) == Identifier(text, True, True)


@pytest.mark.parametrize("text", ["14107338", "014107338", "00014.10.73.38", "IPI 00014107338", "000 1410 7338"])
def test_a_name_number_gets_back_the_zeros_that_a_spreadsheet_dropped(text: str) -> None:
    assert parse_ipi_name(text) == Identifier("00014107338", True, True)


@pytest.mark.parametrize("text", ["00854632549", "00856545879", "4590782614", "4481201291"])
def test_a_wrong_check_digit_of_a_name_number_is_a_warning(text: str) -> None:
    assert parse_ipi_name(text) == Identifier(text.zfill(11), True, False)


@pytest.mark.parametrize("text", ["14107338.0", "1.4107338E7", "", "12", "000141073380"])
def test_a_number_that_a_spreadsheet_spoilt_is_not_a_name_number(text: str) -> None:
    assert not parse_ipi_name(text).well_formed


def test_base_numbers() -> None:
    assert parse_ipi_base("I-000000229-7") == Identifier("I0000002297", True, True)
    assert parse_ipi_base("I-123456789-3") == Identifier("I1234567893", True, True)
    assert parse_ipi_base("I-001627871-7") == Identifier("I0016278717", True, False)
    assert not parse_ipi_base("T0345246801").well_formed


@pytest.mark.parametrize("text", ISNIS)
def test_valid_isnis(text: str) -> None:
    spaced = " ".join(text[at : at + 4] for at in range(0, 16, 4))
    assert parse_isni(text) == parse_isni(spaced) == parse_isni(text.lower()) == Identifier(text, True, True)


def test_a_wrong_check_digit_of_an_isni_is_a_warning() -> None:
    assert parse_isni("0000000368570204") == Identifier("0000000368570204", True, False)


def test_product_codes() -> None:
    assert parse_ean("4006381333931") == Identifier("4006381333931", True, True)
    assert parse_ean("8809534473993") == Identifier("8809534473993", True, False)
    assert parse_ean("0 36000 29145 2") == Identifier("0036000291452", True, True)
    assert not parse_ean("12345678901").well_formed


def test_an_isrc_has_a_shape_and_no_check_digit() -> None:
    assert parse_isrc("kr-a01-12-34567") == Identifier("KRA011234567", True, True)
    assert parse_isrc("ISRC KRA011234567") == Identifier("KRA011234567", True, True)
    assert not parse_isrc("KRA01123456").well_formed
    assert not parse_isrc("12A011234567").well_formed


@given(st.sampled_from(ISWCS), st.sampled_from((1, 3, 7, 9, 10)), st.integers(1, 9))
def test_a_changed_digit_of_an_iswc_is_noticed_where_its_weight_shares_no_factor_with_ten(
    text: str, place: int, step: int
) -> None:
    assert not parse_iswc(_changed(text, place, step)).check_ok


@given(st.sampled_from(("4006381333931", "0036000291452")), st.integers(0, 12), st.integers(1, 9))
def test_any_changed_digit_of_an_ean_is_noticed(text: str, place: int, step: int) -> None:
    assert not parse_ean(_changed(text, place, step)).check_ok


@given(st.sampled_from(ISNIS), st.integers(0, 14), st.integers(1, 9))
def test_any_changed_digit_of_an_isni_is_noticed(text: str, place: int, step: int) -> None:
    assert not parse_isni(_changed(text, place, step)).check_ok


@given(st.sampled_from(IPI_NAMES), st.integers(9, 10), st.integers(1, 9))
def test_any_changed_check_digit_of_a_name_number_is_noticed(text: str, place: int, step: int) -> None:
    assert not parse_ipi_name(_changed(text, place, step)).check_ok


@given(st.text())
def test_no_text_raises_and_a_stored_form_is_read_as_itself(text: str) -> None:
    for parse in PARSERS:
        read = parse(text)
        assert not read.check_ok or read.well_formed
        if read.well_formed:
            assert parse(read.value) == read


def _changed(text: str, place: int, step: int) -> str:
    digit = str((int(text[place]) + step) % 10)
    return text[:place] + digit + text[place + 1 :]
