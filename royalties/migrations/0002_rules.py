"""What must never be untrue of lines and money, whoever writes: lines stay, the ledger balances and only grows."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

# A report month gets its partition when its first file is planned. The app role owns no table, so a function of the
# owner makes it. LIKE + ATTACH takes a weaker lock than CREATE … PARTITION OF: imports of other months go on.
PARTITIONS = """
CREATE FUNCTION royalties_make_partition(month date) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first date := date_trunc('month', month)::date;
    partition text := 'royalties_usageline_' || to_char(first, 'YYYY_MM');
BEGIN
    IF first < date '2000-01-01' OR first >= date '2100-01-01' THEN
        RAISE EXCEPTION 'no partition for %', month USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('royalties_make_partition'));
    IF to_regclass(partition) IS NULL THEN
        EXECUTE format('CREATE TABLE %I (LIKE royalties_usageline INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition);
        EXECUTE format('REVOKE ALL ON %I FROM garak_app', partition);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO garak_app', partition);
        EXECUTE format('ALTER TABLE royalties_usageline ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       partition, first, (first + interval '1 month')::date);
    END IF;
    RETURN partition;
END
$$;
REVOKE ALL ON FUNCTION royalties_make_partition(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION royalties_make_partition(date) TO garak_app;
REVOKE UPDATE, DELETE ON royalties_usageline FROM garak_app;
"""

# Balance is checked once per transaction row at commit, not once per entry (a row trigger on the entries costs 6 times
# as much). That is sound because entries are accepted only in the database transaction that made their ledger transaction.
BALANCE = """
ALTER TABLE royalties_ledgertransaction ADD COLUMN xact xid8 NOT NULL DEFAULT pg_current_xact_id();

CREATE FUNCTION royalties_transaction_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    SELECT currency, sum(amount_micros::numeric) AS rest INTO bad FROM royalties_ledgerentry
        WHERE transaction_id = NEW.id GROUP BY currency HAVING sum(amount_micros::numeric) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger transaction % does not balance: % micros of % left over', NEW.key, bad.rest, bad.currency
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transaction_balances', TABLE = 'royalties_ledgertransaction';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM royalties_ledgerentry WHERE transaction_id = NEW.id) THEN
        RAISE EXCEPTION 'ledger transaction % has no entries', NEW.key
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transaction_has_entries', TABLE = 'royalties_ledgertransaction';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER transaction_balances AFTER INSERT ON royalties_ledgertransaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION royalties_transaction_balances();

CREATE FUNCTION royalties_entries_belong() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM new_rows e JOIN royalties_ledgertransaction t ON t.id = e.transaction_id WHERE t.xact <> pg_current_xact_id()) THEN
        RAISE EXCEPTION 'entries are added only together with their ledger transaction'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_come_with_their_transaction', TABLE = 'royalties_ledgerentry';
    END IF;
    IF EXISTS (SELECT 1 FROM new_rows e JOIN royalties_ledgeraccount a ON a.id = e.account_id WHERE a.currency <> e.currency) THEN
        RAISE EXCEPTION 'an entry has the currency of its account'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_has_the_currency_of_its_account', TABLE = 'royalties_ledgerentry';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER entries_belong AFTER INSERT ON royalties_ledgerentry
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION royalties_entries_belong();
"""

KEPT = [  # nothing in these is ever changed or taken away, by trigger and by rights
    "royalties_ledgeraccount",
    "royalties_ledgertransaction",
    "royalties_ledgerentry",
    "royalties_exchangerun",
    "royalties_runshare",
    "royalties_earning",
    "royalties_statement",
    "royalties_statementdeduction",
    "royalties_rejectedline",
    "royalties_songusage",
    "royalties_rejectedpair",
]
KEEP = "".join(
    f"""
CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION garak_append_only();
CREATE TRIGGER {table}_is_never_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION garak_append_only();
REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM garak_app;
"""
    for table in KEPT
)
UNKEEP = "".join(
    f"DROP TRIGGER {table}_is_append_only ON {table}; DROP TRIGGER {table}_is_never_emptied ON {table};"
    for table in KEPT
)


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("royalties", "0001_tables"),
        ("works", "0002_rules"),
    ]
    operations: ClassVar[list[migrations.RunSQL]] = [
        migrations.RunSQL(PARTITIONS, "DROP FUNCTION royalties_make_partition(date)"),
        migrations.RunSQL(
            BALANCE,
            """
            DROP TRIGGER transaction_balances ON royalties_ledgertransaction;
            DROP TRIGGER entries_belong ON royalties_ledgerentry;
            DROP FUNCTION royalties_transaction_balances();
            DROP FUNCTION royalties_entries_belong();
            ALTER TABLE royalties_ledgertransaction DROP COLUMN xact;
            """,
        ),
        migrations.RunSQL(KEEP, UNKEEP),
    ]
