"""In which encoding a text is written: what can be chosen, what fits, and when a text that fits looks like rubbish.

Nothing is replaced and nothing guessed silently. CP949 (Korean) and UTF-8 both pass for GB18030 (Chinese) without an error
and turn into rubbish, so a text is also looked at as a person would: does it consist of the letters that such texts
consist of? That only ever warns or suggests; a person decides.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.files.guards import HEAD_BYTES, utf16_without_mark

UTF8, UTF8_BOM, UTF16, GB18030, CP949, BIG5 = "utf-8", "utf-8-sig", "utf-16", "gb18030", "cp949", "cp950"
NAMES: Final = {  # the same in every language
    UTF8: "UTF-8",
    UTF8_BOM: "UTF-8",
    UTF16: "UTF-16",
    GB18030: "GB18030",
    CP949: "CP949",
    BIG5: "Big5",
}
CHOICES: Final[tuple[tuple[str, Promise], ...]] = (  # what a person can say
    (UTF8, _("UTF-8")),
    (UTF16, _("UTF-16 (Unicode text of a spreadsheet program)")),
    (GB18030, _("GB18030 or GBK (simplified Chinese)")),
    (CP949, _("CP949 or EUC-KR (Korean)")),
    (BIG5, _("Big5 (traditional Chinese)")),
)
WHY: Final[dict[str, Promise]] = {  # what speaks for the encoding of a report, Report.reading
    "mark": _("the file says so itself, by its byte order mark"),
    "nuls": _("it has no byte order mark, but beside each of its digits and commas stands a NUL"),
    "lines": _("its lines are UTF-8"),
    "fallback": _("its lines are not UTF-8, and its senders write in it"),
    "asked": _("somebody stated it"),
    "standard": _("its standard demands it"),
    "header": _("the headers that were mapped stand in it"),
    "looks": _("its letters look right in it, and in no other"),
}
SINGLE: Final = (UTF8, GB18030, CP949, BIG5)  # in which a line feed is one byte and part of no other letter
MARK: Final = b"\xef\xbb\xbf"
MARKS_OF_UTF16: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
READ_BYTES: Final = 1 << 20
CLEARLY: Final = 0.25

# Letters that make up most of running text and of titles: of Korean and of Chinese, simplified and traditional.
COMMON_HANGUL: Final = frozenset(
    "이다가는을에의고지하사나로아기리도자라어한시인서그대정수전스일해보은내부있과만소주장게들구상원제오러안여우나"
    "마적화동성국신당세조간물무것생요관비으미경문공두유방니위개르실중지회연식거모없를려트음드년선명학할바같단말저치"
    "프와연영차호심강재백노남달별밤길꿈랑곡춤봄여름가을겨울눈빛하루너처럼편애빠날새벽별비와람손잡못잊혀진안녕김박최"
    "윤임황송류홍민현준지훈진희영철숙혜은정우예린솔빈찬규태형권양배허곽엄추련후욱석엘온버즈블랙핑크걸레드벨벳몬엑티"
    "슈퍼주씨투피엠뮤직밴드컬투쇼십센치악동커플송불멸뜨거운싶었던많른든될져된울때겠네면월집못쓸채독혼순간추억또온통"
)
COMMON_HAN: Final = frozenset(
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天"
    "而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些"
    "与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相"
    "次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市眼体别处总才场师书比住员九笑性通目华报立"
    "马命张活难神数件安表原车白应路期叫死常提感金何更反合放做系计或司利受光王果亲界及今京务制解各任至清物台象记边共"
    "风战干接它许八特觉望直服毛林题建南度统色字请交爱让认算论百吃义科怎元社术结六功指思非流每青管夫连远资队跟带花快"
    "条院变联言权往展该领传近留红治决周保达办运武半候七必城父强步完革深区即求品士转量空甚众技轻程告江语英基派满式李"
    "息写呢识极令黄德收脸钱党倒未持取设始版双历越史商千片容研像找友孩站广改议形委早房音火际则首单据导影失拿网香似斯"
    "专石若兵弟谁校读志飞观争究包组造落视济喜离虽坏兴切约苦梦恋曲歌歌词唱雨雪夜星泪吻伤雅宝乐舞吴陈杨赵刘胡邓梁蔡谢"
    "韩郑洪朴权徐辰俊贤秀智媛娜允载东方神起少女时代防弹组合这個們為來說時會國過學對裡後無開長動現經頭樣將話問機給業間"
    "點聲實見東車門愛聽電書員難數應報記邊風戰許覺議題統讓認論術結連遠資隊帶條變聯權傳運強區語極錢黨設雙歷專曲夢戀淚傷"
)


def looks_right(text: str) -> float:
    """How much of a text's letters are such as texts consist of, from 0 (rubbish) to 1; Latin alone says nothing: 1.

    Letters that nobody writes (private use, unassigned, U+FFFD, controls) count against it.
    """
    common = rare = wrong = 0
    for letter in text:
        if letter < "\x80":
            continue
        if letter in COMMON_HANGUL or letter in COMMON_HAN or "\u3041" <= letter <= "\u30ff":
            common += 1
        elif unicodedata.category(letter) in {"Co", "Cn", "Cc", "Cs"} or letter == "\N{REPLACEMENT CHARACTER}":
            wrong += 1
        elif unicodedata.category(letter)[0] == "L":
            rare += 1
    seen = common + rare + wrong
    return max(0.0, (common - 2 * wrong) / seen) if seen else 1.0


def decoded(lines: Sequence[bytes], encoding: str) -> str | None:
    """The lines as text, or nothing when more than one in ten does not fit the encoding."""
    texts = []
    for line in lines:
        try:
            texts.append(line.decode(encoding))
        except UnicodeDecodeError:
            continue
    return "".join(texts) if len(texts) * 10 >= len(lines) * 9 else None


def better_than(encoding: str, lines: Sequence[bytes]) -> str:
    """Another encoding in which these lines look clearly better, or nothing."""
    scores = {other: _score(lines, other) for other in SINGLE}
    best = max(scores, key=lambda other: scores[other])
    return best if best != encoding and scores[best] >= CLEARLY + scores.get(encoding, -1.0) else ""


def best_for(lines: Sequence[bytes], *, other_than: str, fallback: str) -> str:
    """The encoding in which these lines look best, to be suggested to a person."""
    scores = {encoding: _score(lines, encoding) for encoding in SINGLE if encoding != other_than}
    best = max(scores, key=lambda encoding: scores[encoding])
    return best if scores[best] > 0 else fallback


def _score(lines: Sequence[bytes], encoding: str) -> float:
    text = decoded(lines, encoding)
    return -1.0 if text is None else looks_right(text)


# ── UTF-16, whose line feeds are two bytes, is written anew as UTF-8 before its lines are counted ─────────────────────────


def utf16_of(path: Path) -> tuple[str, str]:
    """The codec of a file in UTF-16 and why it is that: by its mark, or by NULs beside its digits and commas. Else nothing."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head[:2] in MARKS_OF_UTF16:
        return MARKS_OF_UTF16[head[:2]], "mark"
    codec = utf16_without_mark(head)
    return codec, "nuls" if codec else ""


def write_utf8(source: Path, target: Path, codec: str, *, keep: Callable[[], None]) -> None:
    """Write a UTF-16 file as UTF-8, letter by letter. What is no letter becomes bytes that are none in UTF-8 either.

    So a broken letter costs its line where the lines are read, and not the file.
    """
    with source.open("rb") as file, target.open("wb") as out:
        if file.read(2) not in MARKS_OF_UTF16:
            file.seek(0)
        decoder = codecs.getincrementaldecoder(codec)("surrogatepass")
        while block := file.read(READ_BYTES):
            out.write(decoder.decode(block).encode("utf-8", "surrogatepass"))
            keep()
        try:
            out.write(decoder.decode(b"", final=True).encode("utf-8", "surrogatepass"))
        except UnicodeDecodeError:  # the file ends within a letter
            out.write(b"\xff")
