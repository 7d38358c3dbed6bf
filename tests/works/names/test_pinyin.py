"""Chinese performers in pinyin, and Han names that one side reads in Korean and the other in Chinese."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from works.management.commands import tabulate_pinyin
from works.names.keys import performer_keys
from works.names.pinyin import is_read_so, orders, pinyin_keys


@pytest.mark.parametrize(
    ("han", "latin"),
    [
        ("周杰倫", "Zhou Jielun"),
        ("周杰伦", "ZHŌU JIÉ-LÚN"),
        ("周杰伦", "Jielun Zhou"),
        ("李知恩", "Li Zhien"),
        ("单依纯", "Shan Yichun"),
        ("曾沛慈", "Zeng Peici"),
        ("吕方", "Lü Fang"),
        ("吕方", "Lyu Fang"),
        ("吕方", "Lv Fang"),
    ],
)
def test_a_performer_meets_herself_in_pinyin(han: str, latin: str) -> None:
    assert set(pinyin_keys(han)) & set(pinyin_keys(latin))
    assert {key.key for key in performer_keys(han)} & {key.key for key in performer_keys(latin)}


@pytest.mark.parametrize("text", ["Jay Chou", "Lee Ji-eun", "IU", "2PM", "周杰伦 feat", "아이유", "♡", ""])
def test_what_is_no_pinyin_has_no_such_key(text: str) -> None:
    assert pinyin_keys(text) == ()


def test_readings_that_multiply_are_cut() -> None:
    assert len(pinyin_keys("单单单单单")) == 8


@pytest.mark.parametrize(
    ("hangul", "latin", "same"),
    [
        ("이소룡", "Li Xiaolong", True),
        ("왕중영", "Wang Chongying", True),
        ("왕중영", "Wang Xiaolong", False),
        ("왕중", "Wang Chongying", False),
        ("이", "Li", False),
        ("Love", "Li Xiaolong", False),
    ],
)
def test_a_korean_and_a_chinese_reading_of_one_name(hangul: str, latin: str, same: bool) -> None:
    assert is_read_so(hangul, orders(latin.lower())) is same


def test_the_table_is_made_of_simplified_characters_without_tones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "pinyin_dict.json"
    readings = {"单": "dān,chán,shàn,dan", "單": "dān", "绿": "lǜ,lù", "𠀀": "hē"}
    source.write_text(json.dumps({str(ord(letter)): spelt for letter, spelt in readings.items()}))
    table = tmp_path / "pinyin.tsv"
    monkeypatch.setattr(tabulate_pinyin, "TABLE", table)
    call_command("tabulate_pinyin", source, stdout=StringIO())
    rows = table.read_text(encoding="utf-8").splitlines()[3:]
    assert rows == ["chan\t\t单", "dan\t单\t", "lu\t绿\t", "shan\t\t单"]
