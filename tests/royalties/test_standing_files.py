"""Further files as they come in and are decided upon: re-exports, corrections read again with their signs, two people at once."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import translation
from pytest_django import Settings

from portal.accounts.models import User
from portal.lib.errors import DomainError
from royalties.checks import check_ledger
from royalties.distribution import distribute
from royalties.ingest import work_on
from royalties.models import Earning, Report, ReportDecision, SongUsage, Source, Statement, UsageLine
from royalties.money_in import record_remittance
from royalties.standing import settle_second_file, withdraw_report
from tests.conftest import Database
from tests.portal.api import program
from tests.royalties.scene import MONTH, QQ, YUAN, Scene, add_report, distribute_all, make_scene, signed_in
from tests.royalties.test_ingest import as_csv, as_xlsx, cells, import_bytes, receive

WHY = "as they wrote"


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.PORTAL_DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"
    with translation.override("en"):
        yield tmp_path


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def amounts(*micros: str, song: int = 0) -> list[list[str]]:
    return [cells(song + number, CP分成收入=amount) for number, amount in enumerate(micros)]


def settle(report: Report, choice: str, *earlier: Report) -> Report:
    counts = settle_second_file(report=report, choice=choice, actor=None, reason=WHY, earlier=earlier, bell=False)
    if counts.pk != report.pk:
        work_on(counts.job_id or 0)
    report.refresh_from_db()
    counts.refresh_from_db()
    return counts


# ── other bytes of a known month ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_f23_a_report_exported_again_is_held_and_looks_like_a_resend(client: object) -> None:
    lines = amounts("1.5", "2.5", "3.5")
    first = import_bytes(as_csv(lines))
    again = import_bytes(as_xlsx(lines), "song_202609.xlsx")
    assert (first.state, again.state, again.held_reason) == ("ready", "held", "second_file")
    with_one_more = import_bytes(as_csv([*lines, *amounts("9", song=9)], "gb18030"))
    assert with_one_more.held_reason == "second_file"
    staff = make_scene().staff
    url = reverse("royalties:report", args=[again.ref])
    assert f"This file says the same as {first.ref}" in signed_in(staff).get(url).content.decode()
    row = next(row for row in signed_in(staff).get(url).context["earlier"] if row["report"] == first)
    assert (row["overlap"]["both"], row["overlap"]["same"]) == (3, 3)


@pytest.mark.django_db
def test_another_file_of_the_month_is_no_resend() -> None:
    import_bytes(as_csv(amounts("1.5", "2.5")))
    other = import_bytes(as_csv(amounts("1.5", "9.5")))
    page = signed_in(make_scene().staff).get(reverse("royalties:report", args=[other.ref])).content.decode()
    assert "it looks like a resend" not in page


# ── corrections ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_m07_negative_amounts_are_taken_once_staff_say_that_the_file_is_a_correction() -> None:
    first = import_bytes(as_csv(amounts("10", "20")))
    held = import_bytes(as_csv(amounts("-4.000001", "4.000001", "-0.5")))
    assert (held.held_reason, held.accepted, held.rejected) == ("second_file", 1, 2)
    assert set(held.rejected_lines.values_list("reason", flat=True)) == {"negative_amount"}
    correction = settle(held, "correction", first)
    assert (correction.kind, correction.state, correction.accepted, correction.rejected) == (
        "correction",
        "ready",
        3,
        0,
    )
    assert (correction.reads_again, list(correction.concerns.all())) == (held, [first])
    assert correction.accepted_micros == -500_000
    assert sorted(UsageLine.objects.of_report(correction).values_list("amount_micros", flat=True)) == [
        -4_000_001,
        -500_000,
        4_000_001,
    ]
    assert sorted(SongUsage.objects.filter(report=correction).values_list("amount_micros", flat=True)) == [
        -4_000_001,
        -500_000,
        4_000_001,
    ]
    assert (held.held_reason, held.superseded_at is None) == ("aside", False)
    said = ReportDecision.objects.get()
    assert (said.report, said.choice, said.reason) == (correction, "correction", WHY)
    assert check_ledger().differences == ()


@pytest.mark.django_db
def test_only_a_correction_has_counts_and_amounts_below_nothing() -> None:
    first = import_bytes(as_csv(amounts("10")))
    bad = {"CP分成收入": "-1", "计费次数": "-2"} if "计费次数" in dict.fromkeys(cells()) else {"CP分成收入": "-1"}
    held = import_bytes(as_csv([cells(0, **bad), cells(1, CP分成收入="--1"), cells(2, CP分成收入="-1e3")]))
    assert held.accepted == 0
    correction = settle(held, "correction", first)
    assert sorted(correction.rejected_lines.values_list("line_no", "reason")) == [(3, "amount"), (4, "amount")]
    assert correction.accepted == 1


@pytest.mark.django_db
def test_a_correction_may_be_said_with_the_file() -> None:
    first = import_bytes(as_csv(amounts("10", "20")))
    correction = import_bytes(as_csv(amounts("-1", "1")), correction_because="their letter of today")
    assert (correction.kind, correction.state, list(correction.concerns.all())) == ("correction", "ready", [first])
    assert ReportDecision.objects.get().reason == "their letter of today"
    alone = import_bytes(as_csv(amounts("-1", song=5)), period=dt.date(2026, 8, 1), correction_because="a letter")
    assert (alone.state, alone.held_reason) == ("held", "corrects_nothing")


@pytest.mark.django_db
def test_a_correction_read_while_money_is_distributed_is_taken_up_by_the_next_run(scene: Scene) -> None:
    first = scene.report
    distribute_all(scene)
    second = add_report([(scene.matched, QQ, -1, -YUAN)], state="held", held_reason="second_file")
    Report.objects.filter(pk=second.pk).update(kind="correction")
    settle_second_file(report=second, choice="correction", actor=scene.staff, reason=WHY, earlier=[first])
    pool = first.pools.get()
    assert (pool.state, pool.to_divide_again, second in pool.reports.all()) == ("held", True, True)


@pytest.mark.django_db
def test_the_same_file_comes_in_anew_once_it_was_withdrawn() -> None:
    content = as_csv(amounts("10", "20"))
    first = import_bytes(content)
    assert receive(content) == (first, False)
    withdraw_report(report=first, actor=None, reason=WHY)
    again = import_bytes(content)
    assert (again.state, again == first) == ("ready", False)
    assert receive(content) == (again, False)


@pytest.mark.django_db
def test_a_file_withdrawn_while_it_is_read_counts_for_nothing() -> None:
    report, _new = receive(as_csv(amounts("10")))
    withdraw_report(report=report, actor=None, reason=WHY)
    work_on(report.job_id or 0)
    report.refresh_from_db()
    assert (report.state, report.held_reason, report.accepted) == ("held", "withdrawn", 1)


# ── at once ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def both(*does: Callable[[], object]) -> list[str]:
    """Done at once, each with a connection of its own: how each ended, sorted."""
    ended: list[str] = []
    start = threading.Barrier(len(does))

    def body(do: Callable[[], object]) -> None:
        try:
            start.wait()
            do()
            ended.append("done")
        except DomainError as refused:
            ended.append(f"{refused.status} {refused.code}")
        finally:
            connection.close()

    threads = [threading.Thread(target=body, args=[do]) for do in does]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return sorted(ended)


def test_of_two_people_who_settle_a_file_at_once_one_succeeds(fresh_database: Database) -> None:
    scene = make_scene()
    second = add_report([(scene.matched, QQ, 1, YUAN)], state="held", held_reason="second_file")

    def settled(actor: User, choice: str) -> Callable[[], object]:
        return lambda: settle_second_file(report=second, choice=choice, actor=actor, reason=WHY, earlier=[scene.report])

    ended = both(settled(scene.staff, "supplement"), settled(scene.staff_two, "replacement"))
    assert ended == ["409 not-a-second-file", "done"]
    assert ReportDecision.objects.count() == 1


def test_of_two_people_who_withdraw_a_report_at_once_one_succeeds_and_it_is_taken_back_once(
    fresh_database: Database,
) -> None:
    scene = make_scene()
    distribute_all(scene)

    def withdrawn(actor: User) -> Callable[[], object]:
        return lambda: withdraw_report(report=scene.report, actor=actor, reason=WHY)

    assert both(withdrawn(scene.staff), withdrawn(scene.staff_two)) == ["409 already-withdrawn", "done"]
    month = dt.date(2026, 12, 1)
    runs = both(*[lambda: distribute(period=month)] * 3)
    assert runs == ["done", "done", "done"]
    standing = Earning.objects.filter(reverses=None).count()
    assert Earning.objects.filter(reverses__isnull=False).count() == standing
    assert check_ledger().differences == ()


def test_a_report_withdrawn_while_a_run_goes_on_is_taken_back_by_the_next_one(fresh_database: Database) -> None:
    """Whoever comes second waits for the first: either the run finds it gone, or the next one reverses it."""
    scene = make_scene()
    record_remittance(
        source=Source.objects.get(code="tme"),
        period=MONTH,
        amount_micros=int(scene.report.accepted_micros + scene.report.rejected_micros),
        currency="CNY",
        rate=Decimal(190),
        rate_date=dt.date(2026, 11, 1),
    )
    month = dt.date(2026, 12, 1)
    ended = both(
        lambda: distribute(period=month),
        lambda: withdraw_report(report=scene.report, actor=scene.staff, reason=WHY),
    )
    assert ended == ["done", "done"]
    distribute(period=month)
    assert not Earning.objects.standing().exists()
    assert check_ledger().differences == ()


# ── pages ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_page_says_what_withdrawing_changes_and_asks_for_a_reason(scene: Scene) -> None:
    distribute_all(scene)
    page = reverse("royalties:report", args=[scene.report.ref])
    url = reverse("royalties:withdraw_report", args=[scene.report.ref])
    shown = signed_in(scene.staff).get(page)
    assert url in shown.content.decode()
    assert shown.context["standing"]["consequences"]["payees"] > 0
    assert url not in signed_in(scene.auditor).get(page).content.decode()
    for form in ({"reason": "wrong month"}, {"sure": "on"}, {"reason": " ", "sure": "on"}):
        assert signed_in(scene.staff).post(url, form).status_code == 400
    assert Report.objects.get(pk=scene.report.pk).withdrawn_at is None
    done = signed_in(scene.staff).post(url, {"reason": "wrong month", "sure": "on"}, follow=True)
    text = done.content.decode()
    assert "wrong month" in text
    assert "still stands" in text
    assert signed_in(scene.staff_two).post(url, {"reason": "me too", "sure": "on"}).status_code == 409
    tried = signed_in(scene.staff).post(reverse("royalties:runs"), {"period": "2026-12", "dry_run": "1"})
    assert "Who gains and who loses" in tried.content.decode()
    assert "wrong month" in signed_in(scene.staff).get(reverse("changes")).content.decode()


def test_payees_see_a_statement_that_takes_back(scene: Scene) -> None:
    distribute_all(scene)
    withdraw_report(report=scene.report, actor=scene.staff, reason=WHY)
    run = distribute(period=dt.date(2026, 12, 1)).run
    back = Statement.objects.get(run=run, party=scene.haeon_party)
    assert (back.gross_micros < 0, back.payable_micros) == (True, 0)
    haeon = signed_in(scene.haeon)
    assert haeon.get(reverse("royalties:statement", args=[back.ref])).status_code == 200
    assert haeon.get(reverse("royalties:statement_csv", args=[back.ref])).status_code == 200
    assert haeon.get(reverse("home")).status_code == 200
    earning = Earning.objects.filter(run=run, party=scene.haeon_party).first()
    assert earning is not None
    assert haeon.get(reverse("royalties:earning_lines", args=[back.ref, earning.pk])).status_code == 200


def test_programs_settle_and_withdraw_as_people_do(scene: Scene) -> None:
    second = add_report([(scene.matched, QQ, 1, YUAN)], state="held", held_reason="second_file")
    client, url = program(scene.staff), f"/api/v1/reports/{second.ref}/"
    body = {"choice": "replacement", "reason": WHY, "earlier": [scene.report.ref]}
    settled = client.post(f"{url}settle/", body, "application/json").json()
    said = settled["standing"]
    assert (said["kind"], said["concerns"], said["decisions"][0]["reason"]) == ("replacement", [scene.report.ref], WHY)
    older = client.get(f"/api/v1/reports/{scene.report.ref}/").json()
    assert (older["held_reason"], older["standing"]["replaced_by"]) == ("replaced", second.ref)
    gone = client.post(f"{url}withdraw/", {"reason": "not that one"}, "application/json").json()
    assert (gone["held_reason"], gone["standing"]["withdrawn_at"] is None) == ("withdrawn", False)
    again = client.post(f"{url}withdraw/", {"reason": "nor that"}, "application/json")
    assert (again.status_code, again.json()["error"]) == (409, "already-withdrawn")
    unknown = client.post(f"{url}settle/", {**body, "earlier": ["R-NONE"]}, "application/json")
    assert unknown.status_code == 404
