"""A temporary table called like the shares is not summed in their place."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("works", "0004_upload_says_its_encoding")]
    operations: ClassVar[list[migrations.RunSQL]] = [
        migrations.RunSQL(
            "ALTER FUNCTION works_shares_never_exceed_the_whole() SET search_path = public, pg_temp",
            "ALTER FUNCTION works_shares_never_exceed_the_whole() RESET search_path",
        ),
    ]
