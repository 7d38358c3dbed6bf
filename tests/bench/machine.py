"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import psutil
import psycopg

MEGABYTE = 1_000_000


def describe(owner_url: str) -> str:
    """One line: processors, memory, PostgreSQL with the settings that matter."""
    with psycopg.connect(owner_url) as server:
        found = server.execute(
            "SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name",
            [["server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers"]],
        )
        said: dict[str, str] = dict(found.fetchall())
    memory = round(psutil.virtual_memory().total / 2**30)
    version = said.pop("server_version").split()[0]
    settings = ", ".join(f"{name} {value}" for name, value in said.items())
    return (
        f"{len(os.sched_getaffinity(0))} cores ({_processor()}), {memory} GiB; "
        f"Python {platform.python_version()}; PostgreSQL {version} ({settings})"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
