"""Names of parties and of recordings are found by every two letters in a row, as titles of works are since 0009."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

INDEXES = {
    "party_name_by_two_letters": "works_partyname",
    "recording_title_by_two_letters": "works_recordingtitle",
}


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("works", "0009_titles_are_found_by_two_letters")]
    operations: ClassVar[list[migrations.RunSQL]] = [
        migrations.RunSQL(
            f"CREATE INDEX {name} ON {table} USING gin (garak_pairs(garak_searched(text)))", f"DROP INDEX {name}"
        )
        for name, table in INDEXES.items()
    ]
