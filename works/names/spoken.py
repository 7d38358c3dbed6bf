"""Letters and numbers as Koreans say them: TV is 티비, 2PM 투피엠, 127 백이십칠 or 일이칠."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

LETTERS: Final = {
    "a": ("에이",),
    "b": ("비",),
    "c": ("씨", "시"),
    "d": ("디",),
    "e": ("이",),
    "f": ("에프",),
    "g": ("지",),
    "h": ("에이치", "에이취"),
    "i": ("아이",),
    "j": ("제이",),
    "k": ("케이",),
    "l": ("엘",),
    "m": ("엠",),
    "n": ("엔",),
    "o": ("오",),
    "p": ("피",),
    "q": ("큐",),
    "r": ("알", "아르"),
    "s": ("에스",),
    "t": ("티",),
    "u": ("유",),
    "v": ("브이",),
    "w": ("더블유", "더블류"),
    "x": ("엑스",),
    "y": ("와이",),
    "z": ("지", "제트"),
}
SINO: Final = "영일이삼사오육칠팔구"
ENGLISH: Final = ("제로", "원", "투", "쓰리", "포", "파이브", "식스", "세븐", "에이트", "나인")
TEENS: Final = ("텐", "일레븐", "트웰브", "써틴", "포틴", "피프틴", "식스틴", "세븐틴", "에이틴", "나인틴")
TENS: Final = ("", "", "트웬티", "써티", "포티", "피프티", "식스티", "세븐티", "에이티", "나인티")
PLACES: Final = ((1000, "천"), (100, "백"), (10, "십"), (1, ""))
LONGEST_NUMBER: Final = 4  # digits
SHORT_WORD: Final = 3
VOWELS: Final = frozenset("AEIOU")
SPELT: Final = re.compile(r"[A-Z0-9]{2,5}")


@lru_cache(maxsize=10_000)
def number_names(digits: str) -> tuple[str, ...]:
    """How a run of up to four digits is said: as a number and digit by digit, in Korean and in English words.

    >>> number_names("21")
    ('이십일', '트웬티원', '이일', '투원')
    """
    if not (digits.isascii() and digits.isdigit()) or len(digits) > LONGEST_NUMBER:
        return ()
    number = int(digits)
    said = [_in_korean(number)]
    if number < 10:
        said.append(ENGLISH[number])
    elif number < 20:
        said.append(TEENS[number - 10])
    elif number < 100:
        said.append(TENS[number // 10] + (ENGLISH[number % 10] if number % 10 else ""))
    said += ["".join(SINO[int(digit)] for digit in digits), "".join(ENGLISH[int(digit)] for digit in digits)]
    if "0" in digits:
        said += [said[-2].replace("영", "공"), said[-1].replace("제로", "오")]
    return tuple(dict.fromkeys(said))


def spelled_out(text: str) -> tuple[str, ...]:
    """A text of a few capitals and digits as it is said letter by letter; () for any other text.

    >>> spelled_out("2PM"), spelled_out("Love")
    (('투피엠', '이피엠'), ())
    """
    letters = text.replace(".", "").replace("-", "").replace(" ", "")
    if not SPELT.fullmatch(letters) or letters.isdigit():
        return ()
    if len(letters) > SHORT_WORD and letters.isalpha() and not VOWELS.isdisjoint(letters):
        return ()  # LOVE and BABY are words
    english = "".join(ENGLISH[int(each)] if each.isdigit() else LETTERS[each.lower()][0] for each in letters)
    korean = "".join(SINO[int(each)] if each.isdigit() else LETTERS[each.lower()][0] for each in letters)
    return tuple(dict.fromkeys((english, korean)))


def _in_korean(number: int) -> str:
    if number == 0:
        return SINO[0]
    said = ""
    for place, name in PLACES:
        digit, number = divmod(number, place)
        if digit:
            said += ("" if digit == 1 and name else SINO[digit]) + name
    return said
