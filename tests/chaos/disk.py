"""A small disk that can be filled: a tmpfs, for which one must be root and allowed to mount."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from portal.embedded import process


class SmallDisk:
    """A tmpfs of so many megabytes, whose room can be taken away and given back."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        self.ballast = folder / "ballast"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(folder)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            self.problem = done.stderr.strip() if done.returncode else ""
        except FileNotFoundError as error:
            self.problem = str(error)
        if os.geteuid() != 0 or self.problem:
            self.problem = self.problem or "one must be root to mount"
            folder.rmdir()

    def take_tables_of(self, database: str, ask: Callable[..., Any]) -> None:
        """New tables of a database, such as the partition of a month, are made on this disk."""
        place = self.folder / database
        place.mkdir(mode=0o700)
        process.give(place)
        ask(f"CREATE TABLESPACE {database}_small LOCATION '{place}'")
        ask(f"ALTER DATABASE {database} SET default_tablespace = {database}_small")

    def fill(self) -> None:
        with suppress(OSError), self.ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 65_536)

    def make_room(self) -> None:
        self.ballast.unlink()

    def close(self) -> None:
        if not self.problem:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)
