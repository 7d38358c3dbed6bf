"""The role the portal works as. It owns nothing: rooms take further rights away from it (ledger, shares, histories)."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

ROLE = """
DO $$
BEGIN
    CREATE ROLE garak_app NOLOGIN;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;  -- another database of this server has made it
END
$$;
DO $$
BEGIN
    -- Also for the login that has just made the role: since PostgreSQL 16 it may administer it, but not SET ROLE to it.
    EXECUTE format('GRANT garak_app TO %I', current_user);
EXCEPTION
    WHEN insufficient_privilege THEN NULL;  -- the administrator of this server has made the role, and grants it
END
$$;
GRANT USAGE ON SCHEMA public TO garak_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO garak_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO garak_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO garak_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO garak_app;
"""

# Shared by every append-only table: rooms attach it with CREATE TRIGGER … EXECUTE FUNCTION garak_append_only().
APPEND_ONLY = """
CREATE FUNCTION garak_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: add a further row instead', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("accounts", "0001_tables")]
    operations: ClassVar[list[migrations.RunSQL]] = [
        migrations.RunSQL(ROLE, migrations.RunSQL.noop),  # the role may serve other databases of the server: it stays
        migrations.RunSQL(APPEND_ONLY, "DROP FUNCTION garak_append_only()"),
    ]
