"""The lines of a song are looked for through its report, whose lines lie together: an index on every line was not worth its cost."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("royalties", "0007_how_a_file_was_read")]
    operations: ClassVar[list[migrations.RunSQL]] = [
        # Writing it took half of an import: lines come in the order of the file, songs in no order at all.
        migrations.RunSQL(
            "DROP INDEX line_of_song",
            "CREATE INDEX line_of_song ON royalties_usageline (recording_id, report_id, line_no)",
        ),
    ]
