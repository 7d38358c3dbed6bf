"""A work in an open case is not merged into another one: its share, or what is claimed, would be nobody's to decide."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

KEPT = """
CREATE FUNCTION claims_open_case_keeps_its_work() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    open_case text;
BEGIN
    SELECT ref INTO open_case FROM claims_case WHERE work_id = NEW.id AND state <> 'closed' ORDER BY id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'work % is in the open case %', NEW.ref, open_case
            USING ERRCODE = 'check_violation', CONSTRAINT = 'open_case_keeps_its_work', TABLE = 'works_work';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER open_case_keeps_its_work BEFORE UPDATE OF merged_into_id ON works_work FOR EACH ROW
    WHEN (OLD.merged_into_id IS NULL AND NEW.merged_into_id IS NOT NULL)
    EXECUTE FUNCTION claims_open_case_keeps_its_work();
"""
NOT_KEPT = """
DROP TRIGGER open_case_keeps_its_work ON works_work;
DROP FUNCTION claims_open_case_keeps_its_work();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("claims", "0003_papers_say_for_whom"),
        ("works", "0012_works_become_one"),
    ]
    operations: ClassVar[list[migrations.RunSQL]] = [migrations.RunSQL(KEPT, NOT_KEPT)]
