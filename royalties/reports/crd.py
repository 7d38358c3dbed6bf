"""CISAC's CRD (Common Royalty Distribution): the file in which societies tell each other of a distribution. Not read.

Its layout (EDI 2.0 R4, CRD09-1005R4 of 2010) is not public; only the names of its records are. It must be had from the
society that sends such files. Until then a file of this kind is known by its records and refused by name, and nothing of
it is guessed. Whoever writes the reader gives `recognise` a Layout to return and takes CrdNotYet away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext_lazy as _

from portal.lib.errors import DomainError

HEAD: Final = "HDR"
RECORDS: Final = frozenset(  # named in public text; those that CWR has too are left out
    {"MWN", "MIP", "SPW", "UPA", "WER", "WEA", "WEP", "WUI", "RGT", "ICC", "ADJ", "API", "ESI", "RPI"}
)
LETTERS: Final = 3
ENOUGH: Final = 2  # lines that begin so


class CrdNotYet(DomainError):
    code = "crd-not-yet"
    sentence = _(
        "This is a CRD file, in which societies tell each other of a distribution. It cannot be read yet, because CISAC does"
        " not publish its layout. Nothing was taken from it."
    )
    remedy = _(
        "Ask the society that sent it for the description of its layout and a test file, and meanwhile for the same distribution"
        " as a spreadsheet (.xlsx or .csv): its columns can be mapped here."
    )


def require_no_crd(lines: Sequence[str]) -> None:
    """Raise CrdNotYet for the first lines of a CRD file."""
    kinds = [
        line[:LETTERS] for line in lines if line[LETTERS : LETTERS + 1].isalnum() or line[LETTERS : LETTERS + 1] == " "
    ]
    if kinds[:1] == [HEAD] and sum(kind in RECORDS for kind in kinds) >= ENOUGH:
        raise CrdNotYet
