"""check_ledger finds whatever was changed behind the portal's back, and nothing where nothing was changed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from portal import env
from royalties.checks import CHECKS, check_ledger
from royalties.distribution import distribute
from royalties.holds import open_hold, release_hold
from royalties.ledger import reverse
from royalties.models import DistributionRun, KaraokePrice, LedgerTransaction
from royalties.standing import settle_second_file, withdraw_report
from tests.conftest import Database
from tests.royalties.build import (
    DISTRIBUTION_MONTH,
    JASRAC,
    MONTH,
    REVIEW,
    UNMATCHED,
    YUAN,
    Line,
    Reported,
    deduction,
    matched,
    money,
    music_of,
    party,
    report,
    share_of,
    tme,
    work,
)

# As the owner, with the triggers off: statement → the checks that must notice, among others.
TAMPERED = {
    "UPDATE royalties_lineblock SET amounts_micros[1] = amounts_micros[1] + 1 WHERE first_line = 2": "song_usage_is_its_lines report_figures",
    "UPDATE royalties_lineblock SET recordings[1] = 0 WHERE first_line = 2": "song_usage_is_its_lines report_figures",
    "UPDATE royalties_lineblock SET uses[1] = uses[1] + 1 WHERE first_line = 2": "song_usage_is_its_lines",
    "UPDATE royalties_songusage SET amount_micros = amount_micros + 1 WHERE id = (SELECT min(id) FROM royalties_songusage)": (
        "song_usage_is_its_lines report_figures reported"
    ),
    "UPDATE royalties_rejectedline SET amount_micros = amount_micros + 1": "report_figures reported",
    "DELETE FROM royalties_rejectedline": "report_figures reported",
    "UPDATE royalties_report SET accepted_micros = accepted_micros + 1": "report_figures reported pool_figures",
    "UPDATE royalties_report SET lines = lines + 1": "report_figures",
    "UPDATE royalties_match SET superseded_at = now() WHERE outcome = 'review'": "reported",
    "UPDATE royalties_ledgerentry SET amount_micros = amount_micros + 1 WHERE id = (SELECT min(id) FROM royalties_ledgerentry)": (
        "transaction_balances bank"
    ),
    "DELETE FROM royalties_ledgerentry WHERE id = (SELECT max(id) FROM royalties_ledgerentry)": "transaction_balances",
    "DELETE FROM royalties_ledgerentry WHERE transaction_id = (SELECT max(transaction_id) FROM royalties_ledgerentry)": (
        "transaction_has_entries"
    ),
    "UPDATE royalties_ledgerentry SET currency = 'USD' WHERE currency = 'CNY'": "entry_has_the_currency_of_its_account",
    # a payee's entry and its counterpart on the pool, so that the transaction still balances
    """
    UPDATE royalties_ledgerentry e SET amount_micros = amount_micros + CASE a.kind WHEN 'payee' THEN 5 ELSE -5 END
    FROM royalties_ledgeraccount a WHERE a.id = e.account_id AND a.kind IN ('payee', 'pool')
        AND e.transaction_id = (SELECT min(transaction_id) FROM royalties_statement)
    """: "payable_is_posted statement_figures pool_figures distributed",
    # from one payee's account to another's
    """
    UPDATE royalties_ledgerentry SET account_id = (SELECT max(id) FROM royalties_ledgeraccount WHERE kind = 'payee')
    WHERE account_id = (SELECT min(id) FROM royalties_ledgeraccount WHERE kind = 'payee')
    """: "statement_figures payee_has_a_statement",
    """
    UPDATE royalties_ledgerentry SET amount_micros = -amount_micros
    WHERE transaction_id = (SELECT min(id) FROM royalties_ledgertransaction WHERE kind = 'reversal')
    """: "reversal_negates",
    "UPDATE royalties_remittance SET amount_micros = amount_micros + 1": "pool_figures bank",
    "UPDATE royalties_remittance SET rate = rate + 1": "pool_figures",
    "UPDATE royalties_pool SET won_micros = won_micros + 1": "pool_figures",
    "UPDATE royalties_pool SET source_micros = source_micros - 1": "pool_figures",
    "DELETE FROM royalties_exchangerun": "pool_figures",
    "UPDATE royalties_runshare SET numerator = numerator + 1 WHERE id = (SELECT min(id) FROM royalties_runshare)": "cells_make_whole",
    # what one owner of a work earned is given to the other, and so is the money
    "UPDATE royalties_earning SET party_id = (SELECT max(id) FROM works_party) WHERE state = 'payable'": (
        "earning_is_of_its_cell payable_is_posted"
    ),
    """
    UPDATE royalties_earning SET won_micros = won_micros + CASE WHEN run_share_id % 2 = 0 THEN 90000 ELSE -90000 END,
        source_micros = source_micros + CASE WHEN run_share_id % 2 = 0 THEN 900 ELSE -900 END
    """: "earning_follows_its_cell",
    # the words after all, and the music alone after all
    "UPDATE royalties_runshare SET music_alone = false WHERE music_alone AND NOT words": "words_are_kept",
    "UPDATE royalties_matchwork SET music_alone = NOT music_alone": "words_are_kept",
    "UPDATE royalties_karaokeprice SET words_price = words_price + 1": "sides_earn_their_cut",
    """
    UPDATE royalties_runshare SET part = CASE part WHEN 'words' THEN 'music' ELSE 'words' END,
        position = position + CASE part WHEN 'words' THEN 10 ELSE 20 END WHERE part <> ''
    """: "sides_go_to_their_roles sides_earn_their_cut",
    "UPDATE royalties_lineblock SET words_uses[1] = words_uses[1] + 1 WHERE words_uses IS NOT NULL": "song_usage_is_its_lines",
    "UPDATE royalties_earning SET source_micros = source_micros - 1 WHERE id = (SELECT min(id) FROM royalties_earning)": (
        "song_earns_its_amount run_totals"
    ),
    "UPDATE royalties_earning SET won_micros = won_micros + 1 WHERE id = (SELECT min(id) FROM royalties_earning)": (
        "song_earns_its_amount pool_figures"
    ),
    "DELETE FROM royalties_earning WHERE id = (SELECT max(id) FROM royalties_earning)": "pool_figures song_earns_its_amount",
    "UPDATE royalties_earning SET won_micros = won_micros - 1 WHERE reverses_id = (SELECT min(reverses_id) FROM royalties_earning)": (
        "earning_is_reversed_exactly pool_figures"
    ),
    """
    UPDATE royalties_report SET withdrawn_at = '2020-01-01', held_reason = 'withdrawn' WHERE id = (SELECT min(report_id) FROM royalties_pool_reports)
    """: "withdrawn_is_taken_back paid_report_stands",
    "UPDATE royalties_earning SET state = 'suspense' WHERE state = 'not_ours'": "rest_is_posted earning_is_of_its_cell",
    "UPDATE royalties_earning SET state = 'payable', hold_id = NULL WHERE state = 'held'": "hold_balance payable_is_posted",
    """
    UPDATE royalties_distributionrun SET totals = jsonb_set(totals, '{posted,KRW}', '"1"')
    """: "run_totals",
    "UPDATE royalties_distributionrun SET payees = payees + 1": "distributed",
    """
    UPDATE royalties_statement SET gross_micros = gross_micros + 7, net_micros = net_micros + 7, carried_micros = carried_micros + 7
    """: "statement_figures distributed run_totals",
    """
    UPDATE royalties_statement SET payable_micros = payable_micros + 1000000, carried_micros = carried_micros - 1000000
    """: "whole_won run_totals",
    "DELETE FROM royalties_statementdeduction": "statement_figures deduction_is_posted",
    "UPDATE royalties_statementdeduction SET base_micros = base_micros + 1": "deduction_follows_its_rule",
    "UPDATE royalties_deductionrule SET numerator = numerator + 1": "deduction_follows_its_rule",
    "UPDATE royalties_hold SET state = 'released' WHERE state = 'open'": "hold_balance",
    "UPDATE royalties_hold SET state = 'open' WHERE state = 'released'": "hold_balance",
}


def make_everything() -> None:
    """Every kind of money: payable, held, released, in suspense, not ours, deducted, unmatched, rejected, reversed."""
    kim, lee, sato, unknown = party("kim"), party("lee"), party("sato", JASRAC), party("unknown", None)
    third = Fraction(1, 3)
    shared = work("shared", {kim: third, lee: third, sato: third})
    half_known = work("half known", {kim: Fraction(5, 12), unknown: Fraction(1, 12)})
    deduction("commission", Fraction(23, 100))
    deduction("withholding", Fraction(33, 1000), base="remaining", position=2)
    sung = work("sung in Chinese", {kim: Fraction(1, 2), lee: Fraction(1, 2)}, roles={kim: "C", lee: "A"})
    KaraokePrice.objects.create(
        source=tme(), from_date=MONTH, words_price=Decimal("0.03"), music_price=Decimal("0.02"), note="invented"
    )
    songs = {"1": matched(shared), "2": matched(half_known), "3": REVIEW, "4": UNMATCHED, "5": music_of(sung)}
    for period, month in [(MONTH, DISTRIBUTION_MONTH), (dt.date(2026, 2, 1), dt.date(2026, 4, 1))]:
        lines = [
            Line("1", 7 * YUAN + 1),
            Line("1", YUAN, "kugou"),
            Line("2", 5_000_003),
            Line("3", 3),
            Line("4", 10 * YUAN),
            Line("5", 2 * YUAN),
        ]
        made = report(lines, songs, rejected=[2 * YUAN], period=period)
        karaoke = Line("6", 3 * YUAN + 1, "wesing", uses=25, words=14, music=11)
        report([karaoke], {"6": matched(sung)}, period=period, family="k")
        money(int(made.accepted_micros + made.rejected_micros) + karaoke.micros, "187.3331", period=period)
        open_hold(
            case_ref=f"K-{period.month}",
            share=share_of(shared, lee),
            fraction=Fraction(1, 7 + period.month),
            from_date=MONTH,
        )
        distribute(period=month)
        if period == MONTH:
            hold = share_of(shared, lee).holds.get()
            release_hold(hold=hold, parts=[(lee, Fraction(1))], period=month, actor=None, outcome="agreement")
    take_some_back(songs)
    back = reverse(transaction=LedgerTransaction.objects.latest("id"), key="reversal:1", effective_date=MONTH)
    reverse(transaction=back, key="reversal:2", effective_date=MONTH)


def take_some_back(songs: dict[str, Reported]) -> None:
    """March: two files are paid; one is withdrawn and the other replaced, and a correction comes."""
    period, month = dt.date(2026, 3, 1), dt.date(2026, 5, 1)
    first = report([Line("1", 5 * YUAN), Line("2", 3 * YUAN + 7)], songs, period=period)
    second = report([Line("5", 2 * YUAN)], songs, period=period)
    money(10 * YUAN + 7, "187.3331", period=period)
    distribute(period=month)
    withdraw_report(report=second, actor=None, reason="it was a mistake")
    further = {
        "replacement": [Line("1", 6 * YUAN), Line("2", 4 * YUAN + 7)],
        "correction": [Line("1", -YUAN), Line("2", YUAN)],
    }
    for choice, lines in further.items():
        made = report(lines, songs, period=period)
        made.state, made.held_reason, made.kind = (
            "held",
            "second_file",
            "correction" if choice == "correction" else "original",
        )
        made.save()
        settle_second_file(report=made, choice=choice, actor=None, reason="as they wrote", earlier=[first])
        first = made
    distribute(period=month)


@contextmanager
def as_owner(database: Database) -> Iterator[None]:
    """Django's connection signs in as the owner for a while."""
    before = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(env.postgres(database.owner_url))
    connection.settings_dict["OPTIONS"] = {}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


@pytest.mark.django_db
def test_nothing_is_found_where_nothing_was_changed() -> None:
    empty = check_ledger()
    assert (empty.ok, empty.transactions, empty.entries) == (True, 0, 0)
    make_everything()
    result = check_ledger()
    assert result.differences == ()
    assert result.ok
    assert result.transactions > 8


def test_every_kind_of_tampering_is_found(fresh_database: Database) -> None:
    make_everything()
    assert DistributionRun.objects.count() == 4
    noticed: set[str] = set()
    missed: list[str] = []
    with as_owner(fresh_database):
        for statement, expected in TAMPERED.items():
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'royalties_%%'", [])
                    for (table,) in cursor.fetchall():
                        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
                    cursor.execute(statement)
                    assert cursor.rowcount > 0, statement
                found = {difference.check for difference in check_ledger().differences}
                transaction.set_rollback(True)
            noticed |= found
            if not set(expected.split()) <= found:
                missed.append(f"{statement}: {expected} expected, {sorted(found)} found")
    assert missed == []
    assert set(CHECKS) == noticed  # no check is there that nothing can trip
    assert check_ledger().ok


def test_the_command_ends_with_status_1_on_a_difference(
    fresh_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    make_everything()
    call_command("check_ledger", "--json")
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert facts["ok"] is True
    assert facts["differences"] == []
    assert facts["entries"] > facts["transactions"] > 0
    DistributionRun.objects.update(payees=99)
    with pytest.raises(CommandError) as raised:
        call_command("check_ledger", "--json")
    assert raised.value.returncode == 1
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert facts["ok"] is False
    first = facts["differences"][0]
    assert (first["check"], first["expected"], first["found"]) == ("distributed", "2", "99")
    assert "payees" in first["where"]
