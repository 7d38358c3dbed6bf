"""Statements to the database, of which a run makes many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.db import connection

TABLES: Final = (
    "run_reversal", "run_song", "run_right", "run_part", "run_share", "run_amount", "run_cell", "run_earning"
)  # fmt: skip


def forget_tables() -> None:
    """Of a run before this one in the same transaction."""
    for table in TABLES:
        execute(f"DROP TABLE IF EXISTS pg_temp.{table}")


def execute(sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def fetch(sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)
