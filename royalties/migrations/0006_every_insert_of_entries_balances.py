"""The balance cannot be got round: not by checking it early, and not by putting another table in front of the entries."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

# SET CONSTRAINTS … IMMEDIATE runs the check of the commit before the last entries are in, so the entries of one statement
# balance by themselves. A temporary table is found before the real one unless the function says where to look.
BALANCE = """
CREATE OR REPLACE FUNCTION royalties_entries_belong() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    bad record;
BEGIN
    IF EXISTS (SELECT 1 FROM new_rows e JOIN royalties_ledgertransaction t ON t.id = e.transaction_id WHERE t.xact <> pg_current_xact_id()) THEN
        RAISE EXCEPTION 'entries are added only together with their ledger transaction'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_come_with_their_transaction', TABLE = 'royalties_ledgerentry';
    END IF;
    IF EXISTS (SELECT 1 FROM new_rows e JOIN royalties_ledgeraccount a ON a.id = e.account_id WHERE a.currency <> e.currency) THEN
        RAISE EXCEPTION 'an entry has the currency of its account'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_has_the_currency_of_its_account', TABLE = 'royalties_ledgerentry';
    END IF;
    SELECT transaction_id, currency, sum(amount_micros::numeric) AS rest INTO bad FROM new_rows
        GROUP BY transaction_id, currency HAVING sum(amount_micros::numeric) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the entries of ledger transaction % do not balance: % micros of % left over', bad.transaction_id, bad.rest, bad.currency
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_balance', TABLE = 'royalties_ledgerentry';
    END IF;
    RETURN NULL;
END
$$;
ALTER FUNCTION royalties_transaction_balances() SET search_path = public, pg_temp;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("royalties", "0005_statistics_on_demand")]
    operations: ClassVar[list[migrations.RunSQL]] = [migrations.RunSQL(BALANCE, migrations.RunSQL.noop)]
