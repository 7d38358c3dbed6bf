"""A table out of its packing (.csv.gz, or a .zip that holds it alone), written as a plain file, never more than the limit.

The directory of a zip was checked when the file came in (guards.py); what stands there about sizes is not believed here.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from django.utils.translation import gettext_lazy as _

from portal.files import guards
from portal.files.guards import GZIP
from portal.lib.errors import DomainError

READ_BYTES: Final = 1 << 20
UNPACKED_BYTES: Final = 4_000_000_000
FREE_BYTES: Final = 10_000_000  # up to here any ratio does no harm
MOST_TIMES: Final = 100  # a statement unpacks to some ten times its size


class UnpacksToTooMuch(DomainError):
    code = "unpacks-to-too-much"
    sentence = _("The file unpacks to far more than a table would, so unpacking was ended at %(megabytes)s MB.")
    remedy = _("Unpack it yourself, look at what it holds, and upload the table.")


class PackingIsDamaged(DomainError):
    code = "packing-is-damaged"
    sentence = _("The file cannot be unpacked: its packing ends too early or is damaged.")
    remedy = _("Check that it was downloaded completely, or unpack it yourself and upload the table.")


class PackingHasMore(DomainError):
    code = "packing-has-more"
    sentence = _("After the packed table the file goes on with something that was not packed with it.")
    remedy = _("Ask whoever sent it for a fresh copy, or unpack it yourself and upload the table.")


REFUSALS: Final[dict[str, type[DomainError]]] = {
    error.code: error for error in (UnpacksToTooMuch, PackingIsDamaged, PackingHasMore)
}


def unpack_table(source: Path, target: Path, *, keep: Callable[[], None]) -> str:
    """Write what a packed file holds; returns what the archive calls it, or nothing for gzip. `keep` is called on the way.

    Raises a class of REFUSALS; then no file is left.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    most = max(FREE_BYTES, min(UNPACKED_BYTES, MOST_TIMES * source.stat().st_size))
    try:
        with source.open("rb") as file, target.open("wb") as out:
            is_gzip = file.read(len(GZIP)) == GZIP
            file.seek(0)
            name, blocks = ("", _gunzip(file)) if is_gzip else _unzip(file)
            written = 0
            for block in blocks:
                written += len(block)
                if written > most:
                    raise UnpacksToTooMuch(megabytes=most // 1_000_000)
                out.write(block)
                keep()
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, zlib.error | zipfile.BadZipFile | EOFError | NotImplementedError):
            raise PackingIsDamaged from error
        raise
    return name


def _unzip(file: BinaryIO) -> tuple[str, Iterator[bytes]]:
    """The name of the one table of a zip, and its bytes."""
    archive = zipfile.ZipFile(file)
    table = guards.only_table(archive)
    if table is None:
        raise PackingIsDamaged
    return guards.clean_label(table.filename), iter(partial(archive.open(table).read, READ_BYTES), b"")


def _gunzip(file: BinaryIO) -> Iterator[bytes]:
    """All members of a gzip file, one after the other, in steady memory."""
    packed = file.read(READ_BYTES)
    while packed:
        if not packed.startswith(GZIP):
            raise PackingHasMore
        member = zlib.decompressobj(wbits=31)
        while not member.eof:
            if not packed:
                packed = file.read(READ_BYTES)
                if not packed:
                    raise PackingIsDamaged
            yield member.decompress(packed, READ_BYTES)
            packed = member.unconsumed_tail
        packed = member.unused_data
        if len(packed) < len(GZIP):
            packed += file.read(READ_BYTES)
