"""What the families of Tencent Music's spreadsheets share: their common columns, and how a family says what its own mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from royalties.models import Service
from royalties.reports.base import CountsAreNotApart, HeaderIsAmbiguous, HeaderNotRecognised, Layout, header_key

PLATFORMS: Final[dict[str, str]] = {
    "QQ音乐": Service.QQ,
    "QQ Music": Service.QQ,
    "酷狗": Service.KUGOU,
    "酷狗音乐": Service.KUGOU,
    "Kugou": Service.KUGOU,
    "酷我": Service.KUWO,
    "酷我音乐": Service.KUWO,
    "Kuwo": Service.KUWO,
    "全民K歌": Service.WESING,
    "WeSing": Service.WESING,
    "酷狗K歌": Service.KUGOU_KARAOKE,
    "酷狗直播": Service.KUGOU_LIVE,
    "爱听": Service.AITING,
}
NOT_CHINA: Final = frozenset({"全民K歌国际版"})  # the international WeSing: the society has no mandate there


@dataclass(frozen=True, kw_only=True)
class Column:
    """A meaning and the headers under which it stands; one that ends in “…” begins so. `tells`: no other family has it."""

    meaning: str
    chinese: tuple[str, ...] = ()
    english: tuple[str, ...] = ()
    tells: bool = False

    def places(self, keys: Sequence[str]) -> list[int]:
        """Where it stands among the headers of a file, in the order in which its own headers are named here."""
        return [
            at for wanted in (*self.chinese, *self.english) for at, key in enumerate(keys) if is_called(key, wanted)
        ]


def is_called(key: str, wanted: str) -> bool:
    """Whether a header, as header_key() gives it, is the one that is wanted."""
    plain = header_key(wanted)
    beginning = plain.removesuffix("...").strip()
    return key == plain or (beginning != plain and key.startswith(beginning))


# As in standards.md 9.3. Of several columns for the period the first of this list counts.
SHARED: Final = (
    Column(meaning="period", chinese=("结算期间", "日期", "结算开始时间"), english=("Period", "Date", "Upload Date")),
    Column(meaning="platform", chinese=("平台", "结算平台"), english=("Platform",)),
    Column(meaning="song_id", chinese=("中央曲库ID",)),
    Column(meaning="isrc", chinese=("歌曲ISRC",), english=("ISRC",)),
    Column(meaning="artist", chinese=("歌手名",), english=("Artist",)),
    Column(meaning="album", chinese=("专辑名",), english=("Album",)),
    Column(meaning="money", chinese=("CP分成收入",), english=("License Fees - Total",)),
    Column(meaning="period_end", chinese=("结算结束时间",)),
    Column(meaning="data_date", chinese=("数据日期",)),
    Column(meaning="upc", chinese=("专辑UPC",), english=("UPC",)),
    Column(meaning="clicks", chinese=("点击量",), english=("Clicks",)),
)
SONG_TITLE: Final = Column(meaning="title", chinese=("歌曲名",), english=("Song", "Track", "Title"))
NEEDED: Final = ("period", "platform", "title", "artist", "money")
FIRST_COUNTS: Final = frozenset({"period"})
DESCRIBED: Final = frozenset(
    {"period_end", "data_date", "upc", "clicks", "mucoin"}
)  # known, shown by name, not counted


@dataclass(frozen=True, kw_only=True)
class Family:
    """A family of statements: the columns that it has beside the shared ones, and which of them count what.

    `uses`: meanings whose sum the uses are; one of them at least must be there. `words` and `music` are counted apart, and
    must both be there. `beside`: uses that are summed and shown and never paid. `beginnings`: of names of files.
    """

    code: str
    columns: tuple[Column, ...]
    beginnings: tuple[str, ...]
    uses: tuple[str, ...] = ()
    words: str = ""
    music: str = ""
    beside: tuple[str, ...] = ()
    platforms: Mapping[str, str] = field(default_factory=lambda: PLATFORMS)

    def every_column(self) -> tuple[Column, ...]:
        return (*SHARED, *self.columns)

    def telling(self, headers: Sequence[str]) -> list[str]:
        """The headers of a file that no other family has."""
        keys = [header_key(header) for header in headers]
        return [headers[at] for column in self.columns if column.tells for at in column.places(keys)]

    def layout(self, headers: Sequence[str]) -> Layout:
        """Where things stand in a file of this family. Raises HeaderNotRecognised, CountsAreNotApart and HeaderIsAmbiguous."""
        found = self._found(headers)
        if "platform" not in found and "platform_id" in found:
            found["platform"] = found["platform_id"]
        apart = [meaning for meaning in (self.words, self.music) if meaning]
        for meaning in apart:
            if meaning not in found:
                raise CountsAreNotApart(missing=self.header_of(meaning))
        for meaning in NEEDED:
            if meaning not in found:
                raise HeaderNotRecognised(missing=self.header_of(meaning))
        counts = tuple(found[meaning] for meaning in (*self.uses, *apart) if meaning in found)
        if not counts:
            raise HeaderNotRecognised(missing=self.header_of(self.uses[0]))
        return Layout(
            family=self.code,
            headers=tuple(headers),
            period=found["period"],
            platform=found["platform"],
            title=found["title"],
            artist=found["artist"],
            money=found["money"],
            uses=counts,
            song_id=found.get("song_id"),
            isrc=found.get("isrc"),
            album=found.get("album"),
            words=(found[self.words],) if self.words else (),
            music=(found[self.music],) if self.music else (),
            beside=tuple(found[meaning] for meaning in self.beside if meaning in found),
            described=tuple(sorted(at for meaning, at in found.items() if meaning in DESCRIBED)),
        )

    def header_of(self, meaning: str) -> str:
        """What people are told is missing."""
        column = next(column for column in self.every_column() if column.meaning == meaning)
        return (*column.chinese, *column.english)[0]

    def _found(self, headers: Sequence[str]) -> dict[str, int]:
        """Meaning → index of its column."""
        keys = [header_key(header) for header in headers]
        found: dict[str, int] = {}
        for column in self.every_column():
            places = column.places(keys)
            if len(places) > 1 and column.meaning not in FIRST_COUNTS | DESCRIBED:
                raise HeaderIsAmbiguous(first=headers[places[0]], second=headers[places[1]])
            if places:
                found.setdefault(column.meaning, places[0])
        return found
