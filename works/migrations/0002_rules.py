"""What must never be untrue of the register, whoever writes: shares within the whole, nothing overwritten."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

AFFILIATIONS = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE works_affiliation ADD CONSTRAINT affiliations_never_overlap EXCLUDE USING gist (
    party_id WITH =, "right" WITH =, territory WITH =, daterange(from_date, until_date) WITH &&
);
"""

# Exact sums of fractions need a common denominator; PostgreSQL has lcm() but no aggregate of it.
LCM = "CREATE AGGREGATE garak_lcm(numeric) (SFUNC = lcm, STYPE = numeric, INITCOND = '1', PARALLEL = SAFE);"

# The sum can only rise on a day on which some share begins, so those days are enough. A share in the world (2136)
# counts in every territory. The works are locked first: of two transactions that add shares, the second sees the first.
SHARES = """
CREATE FUNCTION works_shares_never_exceed_the_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    PERFORM 1 FROM works_work WHERE id IN (SELECT work_id FROM new_rows) ORDER BY id FOR NO KEY UPDATE;
    WITH touched AS (
        SELECT DISTINCT work_id, "right" FROM new_rows
    ), standing AS (
        SELECT s.* FROM works_share s JOIN touched USING (work_id, "right") WHERE s.until_date IS NULL OR s.until_date > s.from_date
    ), points AS (
        SELECT DISTINCT d.work_id, d."right", t.territory, d.from_date AS day
        FROM standing d JOIN standing t USING (work_id, "right")
    ), present AS (
        SELECT p.work_id, p."right", p.territory, p.day, s.numerator::numeric AS n, s.denominator::numeric AS d
        FROM points p JOIN standing s ON s.work_id = p.work_id AND s."right" = p."right"
            AND s.territory IN (p.territory, 2136) AND s.from_date <= p.day AND (s.until_date IS NULL OR s.until_date > p.day)
    ), wholes AS (
        SELECT work_id, "right", territory, day, garak_lcm(d) AS whole FROM present GROUP BY 1, 2, 3, 4
    )
    SELECT w.work_id, w."right", w.territory, w.day INTO bad
    FROM wholes w JOIN present p USING (work_id, "right", territory, day)
    GROUP BY w.work_id, w."right", w.territory, w.day, w.whole
    HAVING sum(p.n * div(w.whole, p.d)) > w.whole
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'shares of work % (%, territory %) exceed the whole on %', bad.work_id, bad."right", bad.territory, bad.day
            USING ERRCODE = 'check_violation', CONSTRAINT = 'shares_never_exceed_the_whole', TABLE = 'works_share';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER shares_never_exceed_the_whole AFTER INSERT ON works_share
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION works_shares_never_exceed_the_whole();

CREATE FUNCTION works_share_is_only_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.until_date IS NULL AND NEW.until_date IS NOT NULL
        AND to_jsonb(NEW) - 'until_date' - 'end_reason' = to_jsonb(OLD) - 'until_date' - 'end_reason' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a share is only ended, once, and followed by another' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER share_is_only_ended BEFORE UPDATE ON works_share FOR EACH ROW EXECUTE FUNCTION works_share_is_only_ended();
CREATE TRIGGER share_is_never_deleted BEFORE DELETE ON works_share FOR EACH ROW EXECUTE FUNCTION garak_append_only();
CREATE TRIGGER shares_are_never_emptied BEFORE TRUNCATE ON works_share FOR EACH STATEMENT EXECUTE FUNCTION garak_append_only();
REVOKE UPDATE, DELETE ON works_share FROM garak_app;
GRANT UPDATE (until_date, end_reason) ON works_share TO garak_app;
"""

HISTORY = """
CREATE TRIGGER change_log_is_append_only BEFORE UPDATE OR DELETE ON works_changelog
    FOR EACH ROW EXECUTE FUNCTION garak_append_only();
CREATE TRIGGER change_log_is_never_emptied BEFORE TRUNCATE ON works_changelog
    FOR EACH STATEMENT EXECUTE FUNCTION garak_append_only();
REVOKE UPDATE, DELETE ON works_changelog FROM garak_app;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("works", "0001_tables"),
        ("accounts", "0002_app_role"),
    ]
    operations: ClassVar[list[migrations.RunSQL]] = [
        migrations.RunSQL(
            AFFILIATIONS,
            "ALTER TABLE works_affiliation DROP CONSTRAINT affiliations_never_overlap",
        ),
        migrations.RunSQL(LCM, "DROP AGGREGATE garak_lcm(numeric)"),
        migrations.RunSQL(
            SHARES,
            """
            DROP TRIGGER shares_never_exceed_the_whole ON works_share;
            DROP TRIGGER share_is_only_ended ON works_share;
            DROP TRIGGER share_is_never_deleted ON works_share;
            DROP TRIGGER shares_are_never_emptied ON works_share;
            DROP FUNCTION works_shares_never_exceed_the_whole();
            DROP FUNCTION works_share_is_only_ended();
            """,
        ),
        migrations.RunSQL(
            HISTORY,
            """
            DROP TRIGGER change_log_is_append_only ON works_changelog;
            DROP TRIGGER change_log_is_never_emptied ON works_changelog;
            """,
        ),
    ]
