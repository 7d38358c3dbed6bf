"""Hangul typed while the keyboard was set to English: "whgdms skf" is 좋은 날 on the two-set keyboard (두벌식, KS X 5002)."""

from __future__ import annotations

from typing import Final

from works.names.hangul import CODAS, FIRST, INITIALS, VOWELS

CONSONANTS: Final = dict(zip("rRseEfaqQtTdwWczxvg", INITIALS, strict=True))
SIMPLE_VOWELS: Final = {
    "k": "ㅏ", "o": "ㅐ", "i": "ㅑ", "O": "ㅒ", "j": "ㅓ", "p": "ㅔ", "u": "ㅕ", "P": "ㅖ", "h": "ㅗ", "y": "ㅛ",
    "n": "ㅜ", "b": "ㅠ", "m": "ㅡ", "l": "ㅣ",
}  # fmt: skip
MEDIALS: Final = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS: Final = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
JOINED_VOWELS: Final = {
    "ㅗㅏ": "ㅘ",
    "ㅗㅐ": "ㅙ",
    "ㅗㅣ": "ㅚ",
    "ㅜㅓ": "ㅝ",
    "ㅜㅔ": "ㅞ",
    "ㅜㅣ": "ㅟ",
    "ㅡㅣ": "ㅢ",
}
JOINED_FINALS: Final = {
    "ㄱㅅ": "ㄳ", "ㄴㅈ": "ㄵ", "ㄴㅎ": "ㄶ", "ㄹㄱ": "ㄺ", "ㄹㅁ": "ㄻ", "ㄹㅂ": "ㄼ", "ㄹㅅ": "ㄽ", "ㄹㅌ": "ㄾ", "ㄹㅍ": "ㄿ",
    "ㄹㅎ": "ㅀ", "ㅂㅅ": "ㅄ",
}  # fmt: skip
SHORTEST: Final = 2  # syllables or initials: "go" is an English word before it is 해


def typed_in_english(text: str) -> str:
    """The Hangul that these keys write, words apart; "" unless every word is whole syllables, or initials alone.

    >>> typed_in_english("whgdms skf"), typed_in_english("wds"), typed_in_english("love")
    ('좋은 날', 'ㅈㅇㄴ', '')
    """
    keys = text if text != text.upper() else text.lower()  # with Caps Lock
    words = [_compose(word) for word in keys.split()]
    written = " ".join(words)
    return written if all(words) and len(written.replace(" ", "")) >= SHORTEST else ""


def _compose(word: str) -> str:
    """One word of keys as Hangul; "" when keys are left over."""
    letters = [_letter(key) for key in word]
    if not all(letters):
        return ""
    if not any(letter in MEDIALS for letter in letters):
        return "".join(letters)
    written = ""
    at = 0
    while at < len(letters):
        if letters[at] in MEDIALS or at + 1 == len(letters) or letters[at + 1] not in MEDIALS:
            return ""
        initial, medial = letters[at], letters[at + 1]
        at += 2
        if medial + _at(letters, at) in JOINED_VOWELS:
            medial = JOINED_VOWELS[medial + letters[at]]
            at += 1
        final = _final(letters, at)
        at += 2 if final in JOINED_FINALS else len(final)
        code = (INITIALS.index(initial) * VOWELS + MEDIALS.index(medial)) * CODAS
        written += chr(FIRST + code + FINALS.index(JOINED_FINALS.get(final, final) or " "))
    return written


def _final(letters: list[str], at: int) -> str:
    """The consonants that close the syllable: none that the next vowel needs."""
    one, two, three = _at(letters, at), _at(letters, at + 1), _at(letters, at + 2)
    if not one or one in MEDIALS or one not in FINALS or (two and two in MEDIALS):
        return ""
    return one + two if one + two in JOINED_FINALS and not (three and three in MEDIALS) else one


def _letter(key: str) -> str:
    small = key.lower()
    return CONSONANTS.get(key) or SIMPLE_VOWELS.get(key) or CONSONANTS.get(small) or SIMPLE_VOWELS.get(small) or ""


def _at(letters: list[str], at: int) -> str:
    return letters[at] if at < len(letters) else ""
