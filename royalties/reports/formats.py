"""The table of formats: every family of reports that can be read, what people call it, and what its money may be.

One line adds a family: a Format in FORMATS, whose code its layout names. One line adds a reader: a function in READERS that is
given the header of a file and what it is called (file, sheet), and gives the Layout, or None where the file is not its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from royalties.models import Basis
from royalties.reports import tme
from royalties.reports.base import HeaderNotRecognised, Layout
from royalties.reports.lines import Rules
from royalties.reports.mapped import ABROAD
from royalties.reports.tme import aiting, guarantee

Reader = Callable[..., Layout | None]  # (headers, *names)

RECORDINGS: Final = _(
    "Its columns are those of Tencent Music’s statements for recordings, where “CP分成收入” is the money of the recording. No statement"
    " for words and music is public, so what the money of this file is has been declared by the society, not read from it."
)
NOT_SEEN: Final = _(
    "Its layout was seen in no real file: the columns were found by the words under which such sums stand elsewhere."
    " Compare the first lines with the file before you rely on them."
)
DDEX: Final = _(
    "Its records are those of the DDEX standard (DSR). Where they carry amounts, these are what the service allocates to the rights"
    " controllers that the file names; most carry none."
)
OF_LINES: Final = (Basis.WHOLE, Basis.CLAIMED, Basis.NAMED, Basis.LUMP, Basis.USAGE, Basis.RECORDING)


@dataclass(frozen=True, kw_only=True)
class Format:
    """A family of reports.

    `money` and `counts`: the headers under which its money and its uses stand, for people. `bases`: what its money may be
    declared to be; of one, nothing needs to be declared. `shape`: what its columns were borrowed from. `is_cut`: the uses of
    words and of music are counted apart, and the money is cut by contract price. `is_lump`: its lines are sums without songs.
    """

    family: str
    name: Promise
    money: str
    counts: tuple[str, ...]
    bases: tuple[Basis, ...] = OF_LINES
    shape: Promise
    is_cut: bool = False
    is_lump: bool = False
    platforms: Mapping[str, str] = field(default_factory=lambda: tme.PLATFORMS)
    not_china: frozenset[str] = tme.NOT_CHINA


MONEY: Final = "CP分成收入"
DSR_MONEY: Final = "AllocatedAmount"
DSR_COUNTS: Final = ("Usages", "NumberOfStreams")
FORMATS: Final[dict[str, Format]] = {
    each.family: each
    for each in (
        Format(
            family="song", name=_("songs (song)"), money=MONEY, shape=RECORDINGS,
            counts=("广告收入分成-使用量", "基本包月收入分成-使用量", "高级包月收入分成-使用量"),
        ),
        Format(
            family="k", name=_("karaoke (k)"), money=MONEY, shape=RECORDINGS, is_cut=True,
            counts=("按次分成-词使用量", "按次分成-曲使用量"),
        ),
        Format(
            family="single", name=_("songs sold one by one (single)"), money=MONEY, shape=RECORDINGS,
            counts=("IOS销量", "非IOS销量"),
        ),
        Format(
            family="aiting", name=_("Aiting (aiting)"), money=MONEY, shape=RECORDINGS, platforms=aiting.FAMILY.platforms,
            counts=("广告收入分成-使用量", "包月收入分成-使用量"),
        ),
        Format(
            family="mv", name=_("music videos (mv)"), money=MONEY, shape=RECORDINGS,
            counts=("广告收入分成-非免模-MV使用量",),
        ),
        Format(
            family=guarantee.CODE, name=_("minimum guarantees (保底金明细)"), money=guarantee.AMOUNT[0], shape=NOT_SEEN,
            counts=(), bases=(Basis.LUMP,), is_lump=True,
        ),
        Format(family="dsr-audio", name=_("DDEX: audio (dsr-audio)"), money=DSR_MONEY, counts=DSR_COUNTS, shape=DDEX),
        Format(family="dsr-ugc", name=_("DDEX: uploads of users (dsr-ugc)"), money=DSR_MONEY, counts=DSR_COUNTS, shape=DDEX),
        Format(family="dsr-royalty", name=_("DDEX: royalties (dsr-royalty)"), money=DSR_MONEY, counts=DSR_COUNTS, shape=DDEX),
        Format(family="dsr", name=_("DDEX: another profile (dsr)"), money=DSR_MONEY, counts=DSR_COUNTS, shape=DDEX),
    )
}  # fmt: skip
READERS: Final[tuple[Reader, ...]] = (tme.recognise,)


def recognise(headers: Sequence[str], *names: str) -> Layout:
    """Where things stand in a file, from its header and its names, by the first reader whose own it is.

    Raises HeaderNotRecognised where no reader knows it, and what a reader raises about a file of its own.
    """
    unknown: HeaderNotRecognised | None = None
    for reader in READERS:
        try:
            layout = reader(headers, *names)
        except HeaderNotRecognised as error:
            unknown = unknown or error
        else:
            if layout is not None:
                return layout
    raise unknown or HeaderNotRecognised(missing="")


def rules_of(layout: Layout, *, signed: bool = False) -> Rules:
    """How the lines of a file of this layout are read; `signed` are those of a correction."""
    if layout.written is not None:
        services = {name: service for name, service in layout.written.services if service != ABROAD}
        abroad = {name for name, service in layout.written.services if service == ABROAD}
        return Rules(layout, services, tme.NOT_CHINA | abroad, signed=signed)
    of_family = format_of(layout.family)
    if of_family is None:
        return Rules(layout, tme.PLATFORMS, tme.NOT_CHINA, signed=signed)
    return Rules(layout, of_family.platforms, of_family.not_china, signed=signed)


def format_of(family: str) -> Format | None:
    """The format of a family; None for one that is not known here, as of a report of another version."""
    return FORMATS.get(family)


def name_of(family: str) -> str:
    """What people call a family."""
    found = format_of(family)
    return str(found.name) if found else family
