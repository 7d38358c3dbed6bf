"""What the database itself refuses, whoever writes: shares above the whole, changed or deleted shares, two collectors."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction

from tests.conftest import Database
from works.models import CHINA, WORLD, Affiliation, ChangeLog, Party, Share, Work
from works.services import NewPart, ShareHasEnded, SharesExceedTheWhole, replace_share

DAY = dt.date(2026, 1, 1)


def party(name: str = "도해온") -> Party:
    return Party.objects.create(kind="writer", name=name)


def add(work: Work, numerator: int, denominator: int = 12, **more: Any) -> Share:
    values: dict[str, Any] = {
        "role": "C",
        "right": "performing",
        "numerator": numerator,
        "denominator": denominator,
        **more,
    }
    values.setdefault("party", Party.objects.first() or party())
    return Share.objects.create(work=work, **values)


def refuses(action: Callable[[], Any], failure: type[Exception] = IntegrityError, match: str | None = None) -> None:
    with pytest.raises(failure, match=match), transaction.atomic():
        action()


FITTING: list[list[dict[str, Any]]] = [
    [{"numerator": 5}, {"numerator": 5}, {"numerator": 2}],
    [{"numerator": 1, "denominator": 3}] * 3,
    [{"numerator": 12}, {"numerator": 12, "right": "mechanical"}],
    [{"numerator": 12, "territory": CHINA}, {"numerator": 12, "territory": 410}],
    [{"numerator": 12, "until_date": DAY}, {"numerator": 12, "from_date": DAY}],
]
EXCEEDING: list[list[dict[str, Any]]] = [
    [{"numerator": 6}, {"numerator": 7}],
    [
        {"numerator": 1, "denominator": 3},
        {"numerator": 1, "denominator": 3},
        {"numerator": 333_333_334, "denominator": 10**9},
    ],
    [{"numerator": 7}, {"numerator": 6, "territory": CHINA}],
    [{"numerator": 7, "territory": CHINA}, {"numerator": 6}],
    [{"numerator": 7}, {"numerator": 6, "from_date": dt.date(2030, 1, 1)}],
    [{"numerator": 7, "from_date": DAY}, {"numerator": 6, "until_date": DAY + dt.timedelta(days=1)}],
]


@pytest.mark.parametrize("shares", FITTING)
def test_shares_up_to_the_whole_are_taken(db: None, shares: list[dict[str, Any]]) -> None:
    work = Work.objects.create(title="봄밤")
    for share in shares:
        add(work, **share)
    assert work.shares.count() == len(shares)


@pytest.mark.parametrize("shares", EXCEEDING)
def test_shares_above_the_whole_are_refused(db: None, shares: list[dict[str, Any]]) -> None:
    work = Work.objects.create(title="봄밤")
    for share in shares[:-1]:
        add(work, **share)
    refuses(lambda: add(work, **shares[-1]), match="exceed the whole")
    assert work.shares.count() == len(shares) - 1


def test_one_statement_with_many_shares_is_checked_too(db: None) -> None:
    work, owner = Work.objects.create(title="봄밤"), party()
    rows = [Share(work=work, party=owner, role="C", right="performing", numerator=5, denominator=12) for _ in range(3)]
    refuses(lambda: Share.objects.bulk_create(rows), match="exceed the whole")


def test_a_temporary_table_does_not_stand_in_for_the_shares(db: None) -> None:
    work = Work.objects.create(title="월광")
    add(work, 12)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE works_share (LIKE works_share)")
        with pytest.raises(IntegrityError, match="exceed the whole"), transaction.atomic():
            cursor.execute(
                """
                INSERT INTO public.works_share (work_id, party_id, role, "right", numerator, denominator, territory, from_date,
                    reason, end_reason, created_at)
                SELECT work_id, party_id, role, "right", numerator, denominator, territory, from_date, reason, end_reason, created_at
                FROM public.works_share
                """
            )


@pytest.mark.parametrize("numbers", [(0, 12), (-1, 12), (1, 0), (13, 12)])
def test_a_share_is_a_proper_fraction(db: None, numbers: tuple[int, int]) -> None:
    work = Work.objects.create(title="봄밤")
    refuses(lambda: add(work, *numbers), match="share_is_a_proper_fraction")


def test_a_share_is_only_ended_and_once(db: None) -> None:
    share = add(Work.objects.create(title="봄밤"), 6)
    own = Share.objects.filter(pk=share.pk)
    for change in (
        {"numerator": 5},
        {"party": party("류가온")},
        {"territory": CHINA},
        {"from_date": DAY},
        {"reason": "other"},
    ):
        refuses(lambda change=change: own.update(**change), ProgrammingError, "permission denied")  # type: ignore[misc]  # the default binds it
    refuses(lambda: own.delete(), ProgrammingError, "permission denied")
    assert own.update(until_date=DAY, end_reason="C-1") == 1
    refuses(lambda: own.update(until_date=None), DatabaseError, "only ended, once")
    refuses(lambda: own.update(until_date=DAY + dt.timedelta(days=1)), DatabaseError, "only ended, once")


def test_a_history_is_only_written(db: None) -> None:
    change = ChangeLog.objects.create(action="work.registered", reason="test")
    refuses(lambda: ChangeLog.objects.filter(pk=change.pk).update(reason="x"), ProgrammingError, "permission denied")
    refuses(lambda: change.delete(), ProgrammingError, "permission denied")


def test_not_even_the_owner_of_the_tables_changes_a_share(fresh_database: Database) -> None:
    share = add(Work.objects.create(title="봄밤"), 6)
    ChangeLog.objects.create(action="work.registered", reason="test")
    with psycopg.connect(fresh_database.owner_url, autocommit=True) as owner:
        for statement in (
            "UPDATE works_share SET numerator = 1",
            "DELETE FROM works_share",
            "TRUNCATE works_share CASCADE",
            "UPDATE works_changelog SET reason = 'x'",
            "DELETE FROM works_changelog",
            "TRUNCATE works_changelog",
        ):
            with pytest.raises(psycopg.errors.RestrictViolation):
                owner.execute(statement)
    assert Share.objects.get() == share


def test_a_party_has_one_collector_at_a_time(db: None) -> None:
    owner = party()
    first = {"party": owner, "kind": "society", "society_id": "118"}
    Affiliation.objects.create(**first, until_date=DAY)
    Affiliation.objects.create(party=owner, kind="non_member", from_date=DAY)
    Affiliation.objects.create(
        **{**first, "society_id": "038"}, right="performing"
    )  # narrower: it wins, and may stand beside
    Affiliation.objects.create(**{**first, "society_id": "038"}, territory=CHINA)
    refuses(
        lambda: Affiliation.objects.create(**first, from_date=DAY - dt.timedelta(days=1), until_date=DAY),
        match="never_overlap",
    )
    refuses(
        lambda: Affiliation.objects.create(**{**first, "society_id": "010"}, territory=CHINA, from_date=DAY),
        match="never_overlap",
    )
    refuses(lambda: Affiliation.objects.create(party=owner, kind="society", territory=410), match="names_a_society")
    assert Affiliation.objects.filter(party=owner, until_date=DAY).get().territory == WORLD


# ── races: real threads, real transactions ──────────────────────────────────────────────────────────────────────────────


def both(actions: list[Callable[[], Any]]) -> list[str]:
    """Run the actions in transactions that are all open before the first of them acts; the name of each one's end."""
    start = threading.Barrier(len(actions), timeout=20)
    ended = [""] * len(actions)

    def run(place: int) -> None:
        try:
            with transaction.atomic():
                connection.ensure_connection()
                start.wait()
                actions[place]()
            ended[place] = "done"
        except (DatabaseError, SharesExceedTheWhole, ShareHasEnded) as failure:
            ended[place] = type(failure).__name__
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    return sorted(ended)


def test_of_two_who_add_shares_at_once_the_second_sees_the_first(fresh_database: Database) -> None:
    owner = party()
    for number in range(5):
        work = Work.objects.create(title=f"봄밤 {number}")
        ended = both([lambda work=work: add(work, 7, party=owner)] * 2)  # type: ignore[misc]  # the default binds it
        assert ended == ["IntegrityError", "done"]
        assert sum((share.fraction for share in work.shares.all()), Fraction(0)) == Fraction(7, 12)


def test_a_share_is_replaced_once(fresh_database: Database) -> None:
    owner = party()
    share = add(Work.objects.create(title="봄밤"), 6, party=owner)

    def replace() -> None:
        replace_share(
            share=share, from_date=DAY, parts=[NewPart(owner, "C", Fraction(6, 12))], actor=None, reason="C-1"
        )

    assert both([replace] * 3) == ["ShareHasEnded", "ShareHasEnded", "done"]
    assert Share.objects.filter(until_date=None).count() == 1
    assert ChangeLog.objects.count() == 1
