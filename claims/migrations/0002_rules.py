"""The history of a case only grows."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

HISTORY = """
CREATE TRIGGER case_history_is_append_only BEFORE UPDATE OR DELETE ON claims_caseevent
    FOR EACH ROW EXECUTE FUNCTION garak_append_only();
CREATE TRIGGER case_history_is_never_emptied BEFORE TRUNCATE ON claims_caseevent
    FOR EACH STATEMENT EXECUTE FUNCTION garak_append_only();
REVOKE UPDATE, DELETE, TRUNCATE ON claims_caseevent FROM garak_app;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("claims", "0001_tables"),
        ("accounts", "0002_app_role"),
    ]
    operations: ClassVar[list[migrations.RunSQL]] = [
        migrations.RunSQL(
            HISTORY,
            """
            DROP TRIGGER case_history_is_append_only ON claims_caseevent;
            DROP TRIGGER case_history_is_never_emptied ON claims_caseevent;
            """,
        )
    ]
