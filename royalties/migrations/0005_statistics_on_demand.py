"""After a large import or run the planner must know the sizes at once; only the owner of a table may tell it."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

# Autovacuum would do it within a minute or so, but the next statement may come at once: with the statistics of an empty
# table a join of 700,000 earnings took hours.
ANALYZE = """
CREATE FUNCTION royalties_analyze() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    ANALYZE royalties_reportedrecording, royalties_songusage, royalties_match, royalties_matchwork, royalties_runshare,
        royalties_earning, royalties_statement, royalties_ledgertransaction, royalties_ledgerentry;
END
$$;
REVOKE ALL ON FUNCTION royalties_analyze() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION royalties_analyze() TO garak_app;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("royalties", "0004_report_is_paid_once")]
    operations: ClassVar[list[migrations.RunSQL]] = [
        migrations.RunSQL(ANALYZE, "DROP FUNCTION royalties_analyze()"),
    ]
