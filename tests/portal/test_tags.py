"""Amounts, shares, months, titles and states as the templates write them, in three languages."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from django import forms
from django.template import Context, Template
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import override

from portal.lib import wording
from portal.lib.svg import Bar
from portal.notices.models import Notice

MONTH = dt.date(2026, 9, 1)
LATE_IN_UTC = dt.datetime(2026, 11, 22, 16, 5, tzinfo=dt.UTC)  # 01:05 of the 23rd in Seoul


def written(template: str, language: str = "en", **values: object) -> str:
    with override(language):
        return Template("{% load portal_tags %}" + template).render(Context(values)).strip()


@pytest.mark.parametrize(
    ("language", "micros", "currency", "text"),
    [
        ("ko", 1_234_567_000_000, "KRW", "₩1,234,567"),
        ("ko", 1_234_567_999_999, "KRW", "₩1,234,567"),
        ("ko", -1_234_000_000, "KRW", "-₩1,234"),
        ("ko", 0, "KRW", "₩0"),
        ("en", 1_234_500_000, "CNY", "CN¥1,234.50"),
        ("zh-hans", 1_234_500_000, "CNY", "¥1,234.50"),
        ("zh-hans", 1_234_567_000_000, "KRW", "₩1,234,567"),
        ("en", Decimal(3_200_000), "USD", "US$3.20"),
        ("en", None, "KRW", "–"),
    ],
)
def test_money(language: str, micros: object, currency: str, text: str) -> None:
    assert written("{{ x|money:c }}", language, x=micros, c=currency) == text


@pytest.mark.parametrize(
    ("micros", "currency", "text"),
    [
        (1_234_567_800, "KRW", "₩1,234.567800"),
        (1_000_000, "KRW", "₩1.000000"),
        (1, "KRW", "₩0.000001"),
        (-1, "CNY", "-CN¥0.000001"),
        (1_500_000, "CNY", "CN¥1.500000"),
        (10**24, "KRW", "₩1,000,000,000,000,000,000.000000"),
    ],
)
def test_exact_money_has_six_decimals_so_that_columns_stand_in_line(micros: int, currency: str, text: str) -> None:
    assert written("{{ x|micros:c }}", x=micros, c=currency) == text


@pytest.mark.parametrize(
    ("language", "won", "text"),
    [
        ("ko", 9_999, "₩9,999"),
        ("ko", 1_234_567, "123만 원"),
        ("ko", 123_456_789, "1억 2,345만 원"),
        ("ko", 100_000_000, "1억 원"),
        ("ko", -1_234_567, "-123만 원"),
        ("en", 4_491_777, "₩4.4M"),
        ("en", 1_000, "₩1K"),
        ("zh-hans", 12_345_678, "₩1,234.5万"),
    ],
)
def test_short_money_is_for_charts(language: str, won: int, text: str) -> None:
    assert written('{{ x|short_money:"KRW" }}', language, x=won * 1_000_000) == text


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (Fraction(5, 12), "5/12 (41.67%)"),
        (Fraction(1, 3), "1/3 (33.33%)"),
        (Fraction(1), "1 (100.00%)"),
        (Fraction(0), "0 (0.00%)"),
        (Fraction(1, 20_000), "1/20000 (0.01%)"),
        (None, "–"),
    ],
)
def test_a_share_is_exact_first(part: Fraction | None, text: str) -> None:
    assert written("{{ x|share }}", x=part) == text


def test_a_share_of_the_register_is_written_in_lowest_terms() -> None:
    class Held:
        numerator, denominator = 6, 12

    assert wording.share(Held()) == "1/2 (50.00%)"


@pytest.mark.parametrize(
    ("language", "month", "day", "moment"),
    [
        ("ko", "2026년 9월", "2026. 11. 23.", "2026. 11. 23. 01:05"),
        ("en", "Sep 2026", "23 Nov 2026", "23 Nov 2026 01:05"),
        ("zh-hans", "2026年9月", "2026-11-23", "2026-11-23 01:05"),
    ],
)
def test_days_are_those_of_seoul(language: str, month: str, day: str, moment: str) -> None:
    values = {"month": MONTH, "at": LATE_IN_UTC}
    assert written("{{ month|month }}", language, **values) == month
    with timezone.override("Asia/Seoul"):
        assert written("{{ at|day }}", language, **values) == day
        assert written("{{ at|moment }}", language, **values) == moment


@pytest.mark.parametrize("language", ["ko", "en", "zh-hans"])
def test_thousands_are_grouped_by_three_in_every_language(language: str) -> None:
    assert written("{{ x|count }}", language, x=1_234_567) == "1,234,567"
    with override(language):
        assert number_format(1_234_567, use_l10n=True, force_grouping=True) == "1,234,567"


@pytest.mark.parametrize(
    ("language", "title", "html"),
    [
        ("en", "봄날은 간다", '<span lang="ko">봄날은 간다</span>'),
        ("ko", "봄날은 간다", "봄날은 간다"),
        ("ko", "月亮代表我的心", '<span lang="zh">月亮代表我的心</span>'),
        ("ko", "さくら", '<span lang="ja">さくら</span>'),
        ("ko", "Blue Night", '<span lang="en">Blue Night</span>'),
        ("ko", "1234", "1234"),
        ("en", "<b>", "&lt;b&gt;"),
    ],
)
def test_a_title_says_its_language(language: str, title: str, html: str) -> None:
    assert written("{{ x|lang_span }}", language, x=title) == html


def test_a_recorded_script_goes_before_a_guess() -> None:
    assert written('{{ x|lang_span:"Hant" }}', x="月亮") == '<span lang="zh-Hant">月亮</span>'


def test_a_state_is_a_word_an_icon_and_a_colour() -> None:
    html = written('{% status "held" "보류" %}')
    assert "status-wait" in html
    assert "<svg" in html
    assert "보류" in html


def test_a_state_nobody_knows_is_still_shown() -> None:
    assert "쉬는 중" in written('{% status "asleep" "쉬는 중" %}')


class OneField(forms.Form):
    month = forms.CharField(label="월", help_text="예: 2026-09")


def test_a_field_ties_label_hint_and_error_to_its_input() -> None:
    html = written("{% field form.month %}", form=OneField({"month": ""}))
    assert '<label class="label" for="id_month">' in html
    assert 'id="id_month_helptext"' in html
    assert 'id="id_month_error"' in html
    assert 'aria-describedby="id_month_helptext id_month_error"' in html
    assert 'aria-invalid="true"' in html


def test_a_field_that_may_stay_empty_says_so() -> None:
    class Optional(forms.Form):
        note = forms.CharField(label="메모", required=False)

    assert "(optional)" in written("{% field form.note %}", form=Optional())
    assert "(optional)" not in written("{% field form.month %}", form=OneField())


def test_a_picture_comes_with_its_table() -> None:
    html = written('{% bars values title="월별" %}', values=[Bar("9월", 3, "₩3", strong=True)])
    assert "<details>" in html
    assert '<th scope="row">9월</th>' in html
    assert '<td class="num">₩3</td>' in html


def test_a_notice_says_its_numbers_and_months_as_the_pages_do() -> None:
    notice = Notice(
        sentence="%(lines)s lines of %(date)s in case %(case)s",
        params={"lines": 1486, "date": "2026-09", "case": "K-1"},
    )
    assert written("{{ n|said }}", "ko", n=notice) == "1,486 lines of 2026년 9월 in case K-1"
