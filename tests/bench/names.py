"""Invented titles and names in Hangul, Latin and Han, and the ways in which a service writes them otherwise.

Words are drawn as people use them: few of them often, most of them seldom. So a title of one word stands on hundreds of
works, one of four words on one. Nothing is taken from anywhere, and the same seed says the same names.
"""

# ruff: noqa: SIM905 - words in a row are easier to read than in quotation marks
from __future__ import annotations

import math
import random
from bisect import bisect
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Final, NamedTuple

from opencc import OpenCC

FREQUENT: Final = 20  # added to the rank of a word: the first is not everywhere (Zipf and Mandelbrot)
HANGUL_WORDS, LATIN_WORDS, HAN_WORDS = 4000, 3000, 3000
SCRIPTS: Final = (("Hang", 0.55), ("Latn", 0.25), ("Hani", 0.12), ("mixed", 0.08))
WORDS_A_TITLE: Final = (0.2, 0.4, 0.27, 0.13)  # of one word, of two, three, four

# Sounds that are written alike in both scripts, so that a coined name has a Hangul spelling.
SOUNDS: Final = dict(
    zip(
        "ba be bi bo bu da de di do du ga go gu ha he hi ho hu ka ke ki ko ku la le li lo lu ma me mi mo mu "
        "na ne ni no nu pa pe pi po pu ra re ri ro ru sa se si so su ta te ti to tu va ve vi vo ya yo yu za ze zi zo".split(),
        "바베비보부다데디도두가고구하헤히호후카케키코쿠라레리로루마메미모무나네니노누파페피포푸라레리로루사세시소수타테티토투바베비보야요유자제지조",
        strict=True,
    )
)
HEADS: Final = (
    "사랑 이별 그대 하늘 바람 눈물 별빛 노을 바다 봄날 겨울 여름 가을 기억 편지 약속 안녕 거리 새벽 그림자".split()
)
LATIN_HEADS: Final = (
    "Love Night Blue You Dream Star Summer Rain Home Light Baby Good Sky Hello Dance Time Moon Fly".split()
)
SYLLABLES: Final = (
    "가강거건결경고골곳관구국그금기길김꽃꿈나난날남내너노눈늘님다달담대더도돌동두들등라람랑래로루리린림마만말맘매머모목무물미밀"
    "바반발밤방배백별보봄봉부북분불비빈빛사산상새샘생서선설섬성세소손솔송수순술숲시신실심아안알양어언얼여연열영오온옥와외용우운울원"
    "월유윤은을음이인일임자작잔잠장재저전점정제조종주준지진집차찬창채천청초추춘출치칠타탄태터통파판편평포푸품풍하한할함해향허현호홍화환황후훈휘흐희"
)
SURNAMES: Final = "김이박최정강조윤장임한오서신권황안송류홍전고문양손배백허유남심노하곽성차주우구민"
CHINESE_SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢"
)
CHARACTERS: Final = (
    "夜雨春风花月星河云海山川青白红雪梦歌行路人间归来明天远方故乡少年时光晴空长江小城灯火秋冬夏叶声音心情意思念爱恨离别相见再会"
    "旧日记忆流水落尘沙舟桥门窗影镜书信诗酒茶剑马鱼鸟蝶莲梅兰竹菊桃李杏枫松柏金玉珠银铁石烟雾霜露冰阳光暮晓晨午东西南北京都街巷"
    "无有不是我你他她的了在与和如若从前后左右上下千百万一二三半生死来去开关听说问答笑哭泪眼手身世界国家华龙凤飞舞起"
)
INITIALS: Final = "g kk n d tt r m b pp s ss - j jj ch k t p h".replace("-", "").split(" ")
VOWELS: Final = "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i".split()
CODAS: Final = ("", *"k k k n n n t l k m l l l p l m p p t t ng t t k t p t".split())
LINKED: Final = ("", *"g kk gs n nj n d r lg lm lb ls lt lp r m b bs s ss - j ch k t p -".replace("-", "").split(" "))


class Performer(NamedTuple):
    """A name, and the one in another script, if any."""

    name: str
    alias: str

    @property
    def text(self) -> str:
        return f"{self.name} ({self.alias})" if self.alias else self.name


class Vocabulary:
    """Words in the order of their frequency; the n-th is drawn with a weight of 1 / (n + FREQUENT)."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words
        self.weights = list(accumulate(1 / (rank + FREQUENT) for rank in range(1, len(words) + 1)))

    def draw(self, rnd: random.Random) -> str:
        return self.words[bisect(self.weights, rnd.random() * self.weights[-1])]


@lru_cache(maxsize=1)
def vocabularies() -> dict[str, Vocabulary]:
    rnd = random.Random("words")  # noqa: S311  # nothing secret here and below
    hangul = dict.fromkeys(HEADS)
    while len(hangul) < HANGUL_WORDS:
        hangul["".join(rnd.choices(SYLLABLES, k=rnd.choice((2, 2, 2, 3))))] = None
    latin = dict.fromkeys(LATIN_HEADS)
    while len(latin) < LATIN_WORDS:
        latin[_coined(rnd, rnd.choice((2, 2, 3)))[0]] = None
    han: dict[str, None] = {}
    while len(han) < HAN_WORDS:
        han["".join(rnd.choices(CHARACTERS, k=2))] = None
    return {"Hang": Vocabulary(list(hangul)), "Latn": Vocabulary(list(latin)), "Hani": Vocabulary(list(han))}


def draw_title(rnd: random.Random) -> str:
    """A title in one of the scripts, or in two."""
    kind = _one_of(rnd, SCRIPTS)
    if kind != "mixed":
        return draw_title_in(rnd, kind)
    other = rnd.choice(("Latn", "Hani"))
    hangul, its = draw_title_in(rnd, "Hang"), draw_title_in(rnd, other)
    return f"{hangul} ({its})" if rnd.random() < 0.6 else f"{hangul} {its}"


def draw_title_in(rnd: random.Random, script: str) -> str:
    words = vocabularies()[script]
    count = 1 + bisect(list(accumulate(WORDS_A_TITLE)), rnd.random())
    if script == "Hani":
        return "".join(words.draw(rnd) for _word in range(min(count, 3)))
    return " ".join(words.draw(rnd) for _word in range(min(count, 4)))


def draw_performer(rnd: random.Random) -> Performer:
    """Two in five are people with a Korean name, three in ten write themselves in Latin, the others in Hangul or Chinese."""
    kind = rnd.random()
    if kind < 0.4:
        return Performer(draw_person(rnd), "")
    if kind < 0.7:
        words = [_coined(rnd, rnd.choice((2, 2, 3))) for _word in range(rnd.choice((1, 1, 2)))]
        alias = "".join(hangul for _, hangul in words) if rnd.random() < 0.4 else ""
        return Performer(" ".join(latin for latin, _ in words), alias)
    if kind < 0.85:
        hangul = "".join(rnd.choices(SYLLABLES, k=rnd.choice((2, 3, 4))))
        return Performer(hangul, "".join(rnd.choices(CHARACTERS, k=len(hangul))) if rnd.random() < 0.2 else "")
    return Performer(rnd.choice(CHINESE_SURNAMES) + "".join(rnd.choices(CHARACTERS, k=rnd.choice((1, 2, 2)))), "")


def draw_person(rnd: random.Random) -> str:
    surname = SURNAMES[min(int(rnd.expovariate(1) * 5), len(SURNAMES) - 1)]
    return surname + "".join(rnd.choices(SYLLABLES, k=2))


def _coined(rnd: random.Random, syllables: int) -> tuple[str, str]:
    sounds = rnd.choices(list(SOUNDS), k=syllables)
    return "".join(sounds).capitalize(), "".join(SOUNDS[sound] for sound in sounds)


def _one_of(rnd: random.Random, shares: Sequence[tuple[str, float]]) -> str:
    at = rnd.random()
    for name, share in shares:
        at -= share
        if at < 0:
            return name
    return shares[-1][0]


def popularity(count: int) -> list[float]:
    """Cumulated weights of so many performers: the logarithm of an artist's number of works is normal, with a deviation of 1.3.

    Of 60,000 performers of a million works the median has 7 and the first 3,900; whoever performs a work drawn at random has 108.
    """
    rnd = random.Random("popularity")  # noqa: S311
    return list(accumulate(math.exp(1.3 * rnd.gauss()) for _performer in range(count)))


# ── written otherwise ───────────────────────────────────────────────────────────────────────────────────────────────────


def romanise(text: str) -> str:
    """The Hangul in Latin letters as Korea's official romanisation has it, letter by letter; what is none stays.

    >>> romanise("좋은 날"), romanise("김하늘")
    ('Joeun Nal', 'Gimhaneul')
    """
    written = []
    coda = 0
    for letter in text + " ":
        number = ord(letter) - 0xAC00
        if not 0 <= number < 11172:
            written += [CODAS[coda], letter]
            coda = 0
            continue
        initial, vowel, next_coda = number // 588, number // 28 % 21, number % 28
        linked = initial == INITIALS.index("") and coda
        written += [LINKED[coda] if linked else CODAS[coda] + INITIALS[initial], VOWELS[vowel]]
        coda = next_coda
    return " ".join(word[:1].upper() + word[1:] for word in "".join(written).split())


@lru_cache(maxsize=2)
def _converter(name: str) -> OpenCC:
    return OpenCC(name)


def other_chinese(text: str) -> str:
    """Traditional for what is Simplified, and the other way round."""
    traditional: str = _converter("s2t").convert(text)
    return traditional if traditional != text else str(_converter("t2s").convert(text))


def misspell(rnd: random.Random, text: str) -> str:
    """One letter wrong: a Latin one left out or doubled, the vowel of a syllable, or one character for another."""
    places = [place for place, letter in enumerate(text) if letter.isalpha()]
    place = rnd.choice(places)
    letter = text[place]
    if letter.isascii():
        return text[:place] + rnd.choice(("", letter * 2)) + text[place + 1 :]
    number = ord(letter) - 0xAC00
    if 0 <= number < 11172:
        vowel = (number // 28 % 21 + rnd.choice((1, 4))) % 21
        return text[:place] + chr(0xAC00 + number // 588 * 588 + vowel * 28 + number % 28) + text[place + 1 :]
    return text[:place] + rnd.choice(CHARACTERS) + text[place + 1 :]
