"""What holds of every title and name: made plain twice is made plain once, and the order of brackets and artists says nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings as effort, strategies as st

from works.matching.compare import compare_titles
from works.names import clean, folded, han, latin, titles
from works.names.keys import Key, performer_keys, title_keys
from works.names.performers import parse_performers
from works.names.titles import parse_title

unhurried = effort(deadline=None)  # the first example reads the tables
HANGUL = st.text(alphabet="좋은날지나갈테니봄여름눈물꽃길", min_size=2, max_size=6)
CHINESE = st.text(alphabet="顺其自然前夜咆哮谎言春风", min_size=2, max_size=5)
LATIN = st.lists(st.sampled_from(["Been", "Through", "Growl", "Eve", "Blue", "Kick"]), min_size=1, max_size=3).map(
    " ".join
)
REMARKS = st.sampled_from(["Live", "Inst.", "伴奏", "Chinese Ver.", "片段"])
ARTISTS = st.lists(
    st.tuples(
        st.sampled_from(["엑소", "아이유", "소녀시대", "빅뱅"]),
        st.sampled_from(["", "EXO", "IU", "少女时代", "BIGBANG"]),
    ),
    min_size=2,
    max_size=4,
    unique_by=lambda each: each[0],
)
ANY = st.text(max_size=30) | st.text(
    alphabet="가각힣ㄱ앟乾坤後发髮李金羅ＡÉßİſ１①()[]（）【】《》 -–/;+&.♡'\u200b\u0301", max_size=20
)


def parts_of(keys: Sequence[Key]) -> set[str]:
    """The keys without those of the whole text, which knows an order."""
    return {key.key for key in keys if key.why != "same"}


@unhurried
@given(ANY)
@example("髮後乾坤")
@example("İstanbul ſ ß")
def test_what_is_plain_already_stays(text: str) -> None:
    plain = clean.letters(clean.tidy(text))
    for make in (clean.tidy, clean.letters, latin.fold, han.to_simplified, han.simplified_key):
        assert make(make(text)) == make(text)
    assert clean.letters(han.simplified_key(plain)) == han.simplified_key(plain)


@unhurried
@given(ANY)
def test_tidying_first_changes_no_part_and_no_key(text: str) -> None:
    tidied = clean.tidy(text)
    assert parse_title(tidied) == parse_title(text)
    assert parse_performers(tidied) == parse_performers(text)
    if tidied:
        assert title_keys(tidied) == title_keys(text)
        assert performer_keys(tidied) == performer_keys(text)


@unhurried
@given(ANY)
def test_the_exact_key_of_a_key_is_itself(text: str) -> None:
    """Letters taken out of a title give the key that the title has by them."""
    letters = clean.letters(clean.tidy(text))
    if letters and len(letters) < clean.MAX_KEY:
        assert title_keys(letters)[0].key == "k:" + han.simplified_key(letters)
        assert title_keys(letters)[0].key in {key.key for key in title_keys(text)}


@unhurried
@given(HANGUL, CHINESE, LATIN, REMARKS, st.permutations(range(3)), st.permutations("([【"))
def test_the_order_of_brackets_does_not_matter(
    hangul: str, chinese: str, latin_name: str, remark: str, order: list[int], signs: list[str]
) -> None:
    closing = {"(": ")", "[": "]", "【": "】"}
    inner = [chinese, latin_name, remark]
    written = [f"{sign}{inner[place]}{closing[sign]}" for place, sign in zip(order, signs, strict=True)]
    usual = f"{hangul} ({chinese}) ({latin_name}) ({remark})"
    other = f"{hangul} {' '.join(written)}"
    one, two = parse_title(usual), parse_title(other)
    assert (one.main, set(one.aliases), set(one.versions)) == (two.main, set(two.aliases), set(two.versions))
    assert one.main == hangul
    assert set(one.aliases) == {chinese, latin_name}
    named = {clean.letters(name) for name in (hangul, chinese, latin_name)}
    for title in (usual, other):
        assert {"k:" + name for name in named} <= {key.key for key in title_keys(title)}
    differing = parts_of(title_keys(usual)) ^ parts_of(title_keys(other))
    assert {key.split(":")[0] for key in differing} <= {"k"}, "only the key of all names in a row knows their order"
    assert len(differing) <= 2
    assert compare_titles(usual, [hangul]).score == compare_titles(other, [hangul]).score == 1


@unhurried
@given(HANGUL, CHINESE | LATIN)
def test_either_name_may_stand_in_the_bracket(hangul: str, other: str) -> None:
    one, two = parse_title(f"{hangul} ({other})"), parse_title(f"{other} ({hangul})")
    assert {one.main, *one.aliases} == {two.main, *two.aliases} == {hangul, other}
    for registered in (hangul, other):
        assert compare_titles(f"{hangul} ({other})", [registered]).exact
        assert compare_titles(f"{other} ({hangul})", [registered]).exact


@pytest.mark.parametrize("joint", [" / ", "、", ", ", ";", " & ", " x ", " feat. "])
@unhurried
@given(ARTISTS, st.randoms(use_true_random=False))
def test_the_order_of_artists_does_not_matter(joint: str, artists: list[tuple[str, str]], rnd: object) -> None:
    shuffled = list(artists)
    rnd.shuffle(shuffled)  # type: ignore[attr-defined]
    forth, back = (
        joint.join(f"{name} ({alias})" if alias else name for name, alias in each) for each in (artists, shuffled)
    )
    assert set(parse_performers(forth)) == set(parse_performers(back))
    assert len(parse_performers(forth)) == len(artists)
    assert parts_of(performer_keys(forth)) == parts_of(performer_keys(back))


@unhurried
@given(ANY)
@example("\U0002fa1e")  # a Han character to Unicode's plan, and none yet
def test_no_key_of_a_name_is_empty(text: str) -> None:
    for keys in (title_keys(text), performer_keys(text)):
        assert bool(keys) == bool(text.strip())
        for key in keys:
            kind, sign, rest = key.key.partition(":")
            assert (len(kind), sign) == (1, ":")
            assert rest.strip()
            assert key.text.strip()


@unhurried
@given(st.text(alphabet="가나다라마바사아자차카타파하", min_size=1, max_size=6))
def test_a_sound_has_letters(text: str) -> None:
    assert folded.fold_letters(text).isalpha()


@given(st.text(alphabet="feFEaAtTiInNsSvVrRıİſ 반주버전伴奏版(;/+-é가", max_size=12))
@example("ﬅ Inſt")
def test_a_title_without_a_hint_is_a_plain_one(title: str) -> None:
    whole = clean.tidy(title)
    assert titles.HINTS.search(whole.casefold()) or not titles.PLAIN_TITLE.search(whole)


@given(ANY)
def test_letters_of_plain_and_of_other_texts_are_found_alike(text: str) -> None:
    tidied = clean.tidy(text)
    assert clean.letters(tidied + "가") == clean.letters(clean.letters(tidied) + "가")
