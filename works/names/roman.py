"""Hangul in Latin letters: whether a text is one of the usual romanisations of another, and a key that all of them share.

Nobody romanises by one system. The tables hold what Revised Romanisation (2000), McCune-Reischauer (1939) and Yale write,
and how people spell their own names (이 is Lee, Yi, Rhee or I; 우 is Woo, U or Wu). Before the bar stand spellings that
are as good as any, behind it the rare ones: a text may hold few rare ones, or Kim Sun-ho would be everybody.
"""

from __future__ import annotations

import re
from functools import cache, cached_property, lru_cache
from typing import Final

from works.names import clean, hangul, latin

BREAK: Final = re.compile(r"[\W_]+")
APOSTROPHE: Final = re.compile(r"['`.]")


class Spellings(dict[str, int]):
    """How a sound is written, and how odd that is: 0 usual, 1 rare."""

    @cached_property
    def longest(self) -> int:
        return max(map(len, self), default=0)


INITIALS: Final = {
    "ㄱ": "g k | gh c",
    "ㄲ": "kk gg k g | c q",
    "ㄴ": "n | nn",
    "ㄷ": "d t | dh",
    "ㄸ": "tt dd t d",
    "ㄹ": "r l | rr ll rh",
    "ㅁ": "m | mm",
    "ㅂ": "b p | v",
    "ㅃ": "pp bb p b",
    "ㅅ": "s | sh",
    "ㅆ": "ss s | sh",
    "ㅇ": ".",
    "ㅈ": "j ch | z jh dj c",
    "ㅉ": "jj j | tch cch ch zz z",
    "ㅊ": "ch | tch c",
    "ㅋ": "k | kh c q",
    "ㅌ": "t | th",
    "ㅍ": "p | ph f",
    "ㅎ": "h",
}
VOWELS: Final = {
    "ㅏ": "a ah | aa ar",
    "ㅐ": "ae e ai | ay ea eh ei",
    "ㅑ": "ya | yah ia",
    "ㅒ": "yae ye",
    "ㅓ": "eo u o uh | er ur ou eoh oh eou",
    "ㅔ": "e eh | ae ei ey ay ea ee",
    "ㅕ": "yeo yu you yo yeou | yuh yoh yeu ye yoo io iu eo",
    "ㅖ": "ye yeh | yae e ae ie yei eh yee yea ea",
    "ㅗ": "o oh | ou ow oe",
    "ㅘ": "wa oa | ua wah woa",
    "ㅙ": "wae we | oae wai way",
    "ㅚ": "oe oi we | oy wae wei oei ui",
    "ㅛ": "yo yoh | you io",
    "ㅜ": "u oo | ou uh wu woo",
    "ㅝ": "wo weo | wu uo woo",
    "ㅞ": "we wei | wae ue",
    "ㅟ": "wi ui wee | we wie uy",
    "ㅠ": "yu yoo you | yuh yeu iu u ew",
    "ㅡ": "eu u | ew oo e uh eou",
    "ㅢ": "ui eui ee i | ey yi ie y euy",
    "ㅣ": "i ee y | e yi ie ey ih",
}
CODAS: Final = {
    "": ".",
    "ㄱ": "k g | c q ck kk",
    "ㄲ": "k g kk",
    "ㄳ": "k g",
    "ㄴ": "n | nn ne",
    "ㄵ": "n",
    "ㄶ": "n | nh",
    "ㄷ": "t d",
    "ㄹ": "l | r ll le",
    "ㄺ": "k lk g l",
    "ㄻ": "m lm",
    "ㄼ": "l p lb",
    "ㄽ": "l",
    "ㄾ": "l",
    "ㄿ": "p",
    "ㅀ": "l | lh",
    "ㅁ": "m | mm",
    "ㅂ": "p b",
    "ㅄ": "p b ps",
    "ㅅ": "t s | d",
    "ㅆ": "t ss s",
    "ㅇ": "ng",
    "ㅈ": "t j | d ch",
    "ㅊ": "t ch",
    "ㅋ": "k",
    "ㅌ": "t | th",
    "ㅍ": "p",
    "ㅎ": ". | t h",
}
# a coda that is spoken at the head of the next syllable, where that begins with a vowel (좋은 날이 is read 조은 나리)
LIAISON: Final = {
    "ㄱ": "g k",
    "ㄲ": "kk gg k g",
    "ㄳ": "ks gs ksh",
    "ㄴ": "n",
    "ㄵ": "nj nch",
    "ㄶ": "n nh",
    "ㄷ": "d t j",
    "ㄹ": "r l | rr ll",
    "ㄺ": "lg lk rg lgg",
    "ㄻ": "lm",
    "ㄼ": "lb lp rb",
    "ㄽ": "ls",
    "ㄾ": "lt lch",
    "ㄿ": "lp",
    "ㅀ": "r l | lh rh",
    "ㅁ": "m | mm",
    "ㅂ": "b p",
    "ㅄ": "ps bs",
    "ㅅ": "s sh",
    "ㅆ": "ss s",
    "ㅈ": "j ch",
    "ㅊ": "ch",
    "ㅋ": "k",
    "ㅌ": "t ch",
    "ㅍ": "p",
    "ㅎ": ". | h",
}
ASPIRATED: Final = {
    "ㄱ": "k kh | gh",
    "ㄷ": "t ch",
    "ㅂ": "p ph",
    "ㅅ": "t",
    "ㅈ": "ch",
    "ㄴ": "n",
    "ㄹ": "r l | rh",
    "ㅁ": "m",
}
AFTER_H: Final = {"ㄱ": "k kk", "ㄷ": "t", "ㅈ": "ch", "ㅅ": "ss s", "ㄴ": "nn n"}
BEFORE_H: Final = {"ㅎ": ".", "ㄶ": "n", "ㅀ": "l"}
NASAL: Final = {
    **dict.fromkeys("ㄱㄲㅋㄳㄺ", "ng"),
    **dict.fromkeys("ㄷㅅㅆㅈㅊㅌ", "n"),
    **dict.fromkeys("ㅂㅍㅄ", "m"),
}
FRONT: Final = frozenset("ㅣㅑㅕㅛㅠㅖㅒㅟ")  # vowels before which ㅅ is as often sh as s
Y: Final = frozenset("ㅑㅕㅛㅠㅖ")
ALONE: Final = {
    "ㅜ": "u oo woo wu | ou uh oow",
    "ㅗ": "o oh | ou ow oe oa",
    "ㅣ": "i ee yi e y | yee ih ie ea",
}  # after no consonant
# surnames as they were before the initial sound law took their ㄹ away, or as English respells them; in the first syllable
SURNAMES: Final = {
    "이": "lee yi rhee li ri | rhie rhi ree leigh",
    "임": "lim rim leem | rhim yim",
    "유": "ryu lyu ryoo | liu lew",
    "양": "ryang",
    "여": "ryeo lyeo",
    "염": "ryeom lyom ryom",
    "연": "ryeon lyon",
    "용": "ryong",
    "육": "ryuk",
    "노": "ro roh rho | lo",
    "나": "ra | la",
    "박": "park | pahk bark",
}
MOST_WORDS: Final = 3  # of a name in Latin letters: Ji Eun Lee
RARE_ALLOWED: Final = 1  # in a text of up to three syllables; one more for each three further ones


def is_romanised(text: str, roman: str) -> bool:
    """Whether `roman` is a usual way of writing the Hangul of `text` in Latin letters.

    Blanks, hyphens, signs, case and accents do not matter, except that none may stand inside a syllable. Latin letters
    and digits in `text` must stand in `roman` as they are. The surname may stand last ("Ji-eun Lee").

    >>> is_romanised("이지은", "Lee Ji Eun"), is_romanised("이지은", "Ji-eun RHEE"), is_romanised("이지은", "Lee Ji-an")
    (True, True, False)
    """
    return is_usual(clean.letters(clean.tidy(text)), orders(latin.fold(clean.tidy(roman))))


def is_usual(letters: str, orders: tuple[str, ...]) -> bool:
    """The same for what works.names.clean.letters leaves of the one text, and `orders` makes of the other."""
    rare = rare_spellings(letters, orders)
    return rare is not None and rare <= rare_allowed(letters)


def rare_allowed(letters: str) -> int:
    """How many rare spellings a usual way of writing a text in Latin letters may hold."""
    return RARE_ALLOWED + max(0, hangul.count_syllables(letters) - 1) // 3


@lru_cache(maxsize=20_000)
def rare_spellings(letters: str, orders: tuple[str, ...]) -> int | None:
    """How many rare spellings it takes to read one of the `orders` as the Hangul of `letters`; None when no number is enough."""
    if not letters:
        return None
    opening = _opening(letters[0])
    likely = [roman for roman in orders if roman[:1] in opening or roman[:2] in opening]
    if not likely or not hangul.SYLLABLE.search(letters):
        return None
    found = [_read(letters, roman) for roman in likely]
    return min([rare for rare in found if rare is not None], default=None)


def orders(folded: str) -> tuple[str, ...]:
    """A text without case and accents, one hyphen wherever anything stood between letters: as written, and with the last word first."""
    plain = APOSTROPHE.sub("", folded).replace("wh", "hw")
    words = [word if word.isalnum() else "-".join(BREAK.split(word)).strip("-") for word in plain.split()]
    words = [word for word in words if word]
    if len(words) < 2:
        return ("".join(words),)
    return "-".join(words), "-".join((words[-1], *words[:-1]))


@cache
def _opening(letter: str) -> frozenset[str]:
    """The first two letters of the ways to spell the first syllable of a text, or the one letter that is all of it without a coda."""
    head, nucleus, _ = _letter("", letter)
    spelt = {left + right for left in head for right in nucleus} | _surname(letter).keys()
    return frozenset(each[:2] for each in spelt)


def _read(letters: str, roman: str) -> int | None:
    """The sounds are initial, vowel, coda with the next initial, vowel, ... coda; a surname may be spelt as a whole."""
    reached: dict[int, int] = {0: 0}
    surname: dict[int, int] = {}
    coda = ""
    for place, letter in enumerate(letters):
        between, nucleus, next_coda = _letter(coda, letter)
        reached = _go_on(reached, between, roman)
        for end, rare in _go_on(surname, _letter("", letter)[0], roman).items() if surname else ():
            reached[end] = min(rare, reached.get(end, rare))  # no coda of the surname acts on what follows
        reached = _go_on(reached, nucleus, roman)
        surname = _go_on({0: 0}, _surname(letter), roman) if place == 0 else {}
        if not reached and not surname:
            return None
        coda = next_coda
    reached = _go_on(reached, _ending(coda), roman)
    ends = [its[len(roman)] for its in (reached, surname) if len(roman) in its]
    return min(ends, default=None)


def _go_on(reached: dict[int, int], sound: Spellings, roman: str) -> dict[int, int]:
    """All ways at once: for each place reached in `roman` with one sound more, the fewest rare spellings until there."""
    further: dict[int, int] = {}
    longest = sound.longest
    for place, rare in reached.items():
        for end in range(place, min(place + longest, len(roman)) + 1):
            odd = sound.get(roman[place:end])
            if odd is not None and (end not in further or odd + rare < further[end]):
                further[end] = odd + rare
    return further


@lru_cache(maxsize=20_000)
def _letter(coda: str, letter: str) -> tuple[Spellings, Spellings, str]:
    """The spellings of a letter after this coda: of its initial with the coda, of its vowel; and its own coda."""
    parts = hangul.take_apart(letter)
    if parts is None:
        return _ending(coda), Spellings({letter: 0, "-" + letter: 0}), ""
    initial, vowel, next_coda = parts
    return _between(coda, initial, vowel), _vowel(initial, vowel, next_coda), next_coda


@cache
def _between(coda: str, initial: str, vowel: str) -> Spellings:
    """The ways to write a coda and the initial after it, where the two act on each other; a hyphen may part them."""
    found = Spellings()

    def add(left: str, right: str, odd: int) -> None:
        forms = [left + right, left + "-" + right]
        for form in forms:
            found[form] = min(odd, found.get(form, odd))
        if left and left[-1:] == right[:1]:  # "Jina" for 진나
            joined = left + right[1:]
            found[joined] = min(odd + (left != "l"), found.get(joined, 9))

    heads = _initial(initial, vowel)
    for left, left_odd in _parse(CODAS[coda]).items():
        for right, right_odd in heads.items():
            add(left, right, left_odd + right_odd)
        if initial == "ㄹ" and coda in {"ㅁ", "ㅇ"}:
            add(left, "n", left_odd)
    if initial == "ㅇ":
        for right, odd in _parse(LIAISON.get(coda, "")).items():
            found[right] = min(odd, found.get(right, odd))
            found.setdefault("-" + right, odd + 2)  # a hyphen stands where the writer sees the syllable end
    elif initial == "ㅎ":
        for right, odd in _parse(ASPIRATED.get(coda, "")).items():
            add("", right, odd)
    elif initial in AFTER_H and coda in BEFORE_H:
        for right, odd in _parse(AFTER_H[initial]).items():
            for left in _parse(BEFORE_H[coda]):
                add(left, right, odd)
    if initial in {"ㄴ", "ㅁ", "ㄹ"} and coda in NASAL:
        add(NASAL[coda], "m" if initial == "ㅁ" else "n", 0)
    if (coda, initial) in {("ㄴ", "ㄹ"), ("ㄹ", "ㄴ")}:
        add("l", "l", 0)
        add("n", "n", 0)
    return found


@cache
def _surname(letter: str) -> Spellings:
    return _parse(SURNAMES.get(letter, ""))


@cache
def _initial(initial: str, vowel: str) -> Spellings:
    found = _parse(INITIALS[initial])
    if initial == "ㅅ" and vowel in FRONT:
        return Spellings({**found, "sh": 0})
    if vowel in Y:  # 렬 is spoken and often written 열, in the middle of a name too, and 용 may be written for 룡
        odd = {"ㄹ": {"": 1}, "ㅇ": {"r": 1, "l": 1}}.get(initial, {})
        return Spellings({**found, **odd})
    return found


@cache
def _vowel(initial: str, vowel: str, coda: str) -> Spellings:
    found = _parse(ALONE[vowel] if initial == "ㅇ" and vowel in ALONE else VOWELS[vowel])
    return Spellings({**found, "u": 1}) if vowel == "ㅓ" and not coda else found  # 정 is Jung, but 서 is seldom Su


@cache
def _ending(coda: str) -> Spellings:
    return _parse(CODAS[coda])


@cache
def _parse(spellings: str) -> Spellings:
    """ "a b | c" as {"a": 0, "b": 0, "c": 1}; a dot is no letter at all."""
    usual, _, rare = spellings.partition("|")
    found = dict.fromkeys(rare.split(), 1) | dict.fromkeys(usual.split(), 0)
    return Spellings({("" if spelt == "." else spelt): odd for spelt, odd in found.items()})


# surnames that may stand last in Latin letters: "Ji-eun Lee"
SURNAME_WORDS: Final = frozenset(
    _parse(
        "ahn an bae baek bak cha chang cho choe choi chun chung gang gim go gwon ha han heo hong huh hur hwang im jang jeon jeong jin "
        "jo joo ju jun jung kang kim ko kwak kwon lee lim min moon mun na nam no noh oh paik park rhee roh ryu seo shin sim sin sohn "
        "son song suh sung woo yang yi yim yoo yoon yu yun"
    )
)
