"""Karaoke: one amount, two counts. The words' money goes to the words, the music's to the music, by contract price, exactly."""

from __future__ import annotations

import datetime as dt
import io
import random
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
import xlsxwriter
from django.db import connection
from django.urls import reverse
from django.utils import translation
from hypothesis import given, settings as checked, strategies as st
from pytest_django import Settings

from royalties.allocation import NothingToDivideOver, allocate
from royalties.checks import check_ledger
from royalties.distribution import RunResult, distribute
from royalties.holds import open_hold
from royalties.models import (
    Basis,
    Earning,
    KaraokePrice,
    Report,
    ReportedRecording,
    RunShare,
    Source,
    SourceProfile,
    Statement,
    UsageLine,
)
from royalties.prices import cut, words_in_sql
from royalties.pricing import NotAPrice, PriceAlreadyDeclared, PriceAlreadyUsed, declare_price
from royalties.services import NoReason
from royalties.standing import withdraw_report
from tests.royalties.build import (
    DISTRIBUTION_MONTH,
    JASRAC,
    MONTH,
    WON,
    YUAN,
    Line,
    decide,
    matched,
    money,
    music_of,
    one_right,
    party,
    report,
    share_of,
    staff,
    tme,
    work,
)
from tests.royalties.scene import make_scene, signed_in
from tests.royalties.test_distribution import earned, paid, require_all_holds, require_identities
from tests.royalties.test_families import FILES
from tests.royalties.test_ingest import import_bytes, receive
from tests.royalties.test_money_api import send
from tests.royalties.test_poison import MARK, break_stage, has_mark, work_through_bugs
from tests.royalties.twin import expected_earnings
from works.models import Party, Work
from works.shares import WHOLE, Cell, CellState, CollectorKind, pay_side

HALF = Fraction(1, 2)


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.PORTAL_DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"
    with translation.override("en"):
        yield


def price(words: str = "0.03", music: str = "0.02", month: dt.date = MONTH) -> KaraokePrice:
    return declare_price(
        source=tme(),
        from_date=month,
        words_price=Decimal(words),
        music_price=Decimal(music),
        note="invented",
        actor=staff(),
    )


def sung(micros: int, words: int, music: int, song: str = "1", *, month: dt.date = MONTH) -> Line:
    return Line(song, micros, service="wesing", month=month, uses=words + music, words=words, music=music)


def a_and_c(society: str = "118") -> tuple[Party, Party, Work]:
    """An author with 6/12 and a composer with 6/12."""
    author, composer = party("author"), party("composer", society)
    return author, composer, work("song", {author: HALF, composer: HALF}, roles={author: "A", composer: "C"})


def run() -> RunResult:
    result = distribute(period=DISTRIBUTION_MONTH)
    require_identities(result)
    require_all_holds()
    return result


# ── the cut ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

PRICES = st.decimals(min_value="0.0000000001", max_value="999999", places=10, allow_nan=False)
USES = st.integers(0, 10**15)


@given(st.integers(-(10**18), 10**18), USES, USES, PRICES, PRICES)
def test_the_cut_makes_the_amount_and_is_off_by_less_than_a_millionth(
    micros: int, words_uses: int, music_uses: int, words_price: Decimal, music_price: Decimal
) -> None:
    if not words_uses + music_uses:
        return
    found = cut(micros, words_uses=words_uses, music_uses=music_uses, words_price=words_price, music_price=music_price)
    assert found["words"] + found["music"] == micros
    words, music = words_uses * Fraction(words_price), music_uses * Fraction(music_price)
    assert abs(found["words"] - micros * words / (words + music)) <= HALF
    assert found["words"] == 0 or words_uses
    assert found["music"] == 0 or music_uses


@pytest.mark.django_db
@checked(max_examples=60, deadline=None)
@given(st.integers(-(10**18), 10**18), st.integers(0, 10**12), st.integers(1, 10**12), PRICES, PRICES)
def test_the_database_cuts_alike(
    micros: int, words_uses: int, music_uses: int, words_price: Decimal, music_price: Decimal
) -> None:
    words, music = words_uses * words_price, music_uses * music_price
    with connection.cursor() as cursor:
        sql = words_in_sql("a", "w", "t")
        cursor.execute(
            f"SELECT {sql} FROM (SELECT %s::numeric AS a, %s::numeric AS w, %s::numeric AS t) AS f",
            [micros, words, words + music],
        )
        [found] = cursor.fetchone()
    assert (
        found
        == cut(micros, words_uses=words_uses, music_uses=music_uses, words_price=words_price, music_price=music_price)[
            "words"
        ]
    )


def test_of_equal_remainders_the_music_has_the_last_millionth() -> None:
    one = Decimal(1)
    assert cut(1, words_uses=1, music_uses=1, words_price=one, music_price=one) == {"words": 0, "music": 1}
    with pytest.raises(NothingToDivideOver):
        cut(1, words_uses=0, music_uses=0, words_price=one, music_price=one)


CELLS = st.lists(st.tuples(st.integers(0, 12), st.fractions(0, 1, max_denominator=12)), min_size=1, max_size=6)


@given(CELLS)
def test_a_side_is_the_whole_and_goes_by_parts(shares: list[tuple[int, Fraction]]) -> None:
    """Each share has of a side what its part of it is of all parts; what nobody registered weighs whole."""
    of_work = (
        allocate(12, {f"{at:02}": weight for at, (weight, _) in enumerate(shares)}) if any(w for w, _ in shares) else {}
    )
    cells = [
        Cell(
            at or None,
            at or None,
            CollectorKind.OURS,
            "118",
            Fraction(twelfths, 12),
            Fraction(twelfths, 12),
            CellState.PAYABLE,
        )
        for at, twelfths in enumerate(of_work.values())
    ]
    parts = {at: part for at, (_weight, part) in enumerate(shares) if at}
    paid_side = pay_side(cells, parts)
    assert sum((cell.fraction for cell in paid_side), Fraction(0)) == WHOLE
    weights = {cell.share_id: cell.fraction * (1 if cell.share_id is None else parts[cell.share_id]) for cell in cells}
    whole = sum(weights.values(), Fraction(0))
    for cell in paid_side:
        assert cell.share_id is None or cell.fraction == weights[cell.share_id] / whole


# ── who gets what ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_words_go_to_the_words_and_music_to_the_music() -> None:
    """1,200 × 0.03 = 36 and 900 × 0.02 = 18: two thirds of ¥90 are for the words."""
    author, composer, song = a_and_c()
    price()
    report([sung(90 * YUAN, 1200, 900)], {"1": matched(song)}, family="k")
    pool = money(90 * YUAN, "100")
    run()
    assert (paid(author), paid(composer)) == (6_000 * WON, 3_000 * WON)
    assert earned() == expected_earnings(pool)
    cells = RunShare.objects.select_related("share").order_by("right", "part")
    assert [(cell.right, cell.part, cell.share.role, int(cell.numerator / cell.denominator)) for cell in cells if cell.share] == [
        ("mechanical", "music", "C", 1), ("mechanical", "words", "A", 1),
        ("performing", "music", "C", 1), ("performing", "words", "A", 1),
    ]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(("words", "music", "expected"), [(0, 900, (0, 9_000)), (1200, 0, (9_000, 0))])
def test_a_song_whose_words_are_not_used_pays_the_music_alone_and_the_reverse(
    words: int, music: int, expected: tuple[int, int]
) -> None:
    author, composer, song = a_and_c()
    price()
    report([sung(90 * YUAN, words, music)], {"1": matched(song)}, family="k")
    pool = money(90 * YUAN, "100")
    run()
    assert (paid(author), paid(composer)) == (expected[0] * WON, expected[1] * WON)
    assert earned() == expected_earnings(pool)


@pytest.mark.django_db
def test_every_role_gets_of_its_side() -> None:
    """A 3/12, CA 4/12 and C 2/12, with a publisher behind each of the first two (1/12, 2/12): words 3 + 2 + 1 + 1 of 7."""
    one_right(tme())
    people = {name: party(name) for name in ("a", "ca", "c", "pub_a", "pub_ca")}
    twelfths = {"a": 3, "ca": 4, "c": 2, "pub_a": 1, "pub_ca": 2}
    song = work(
        "song",
        {people[name]: Fraction(part, 12) for name, part in twelfths.items()},
        roles={people["a"]: "A", people["ca"]: "CA", people["c"]: "C", people["pub_a"]: "E", people["pub_ca"]: "E"},
        writers={people["pub_a"]: people["a"], people["pub_ca"]: people["ca"]},
    )
    price("1", "1")
    report([sung(120 * YUAN, 70, 50)], {"1": matched(song)}, family="k")  # ¥70 for the words, ¥50 for the music
    pool = money(120 * YUAN, "1")
    run()
    words = {"a": 3, "ca": 2, "pub_a": 1, "pub_ca": 1}  # of 7
    music = {"c": 2, "ca": 2, "pub_ca": 1}  # of 5
    for name, of in people.items():
        assert paid(of) == words.get(name, 0) * 10 * WON + music.get(name, 0) * 10 * WON
    assert earned() == expected_earnings(pool)


@pytest.mark.django_db
def test_where_only_one_side_is_registered_the_money_of_the_other_is_in_suspense() -> None:
    composer = party("composer")
    song = work("song", {composer: Fraction(1)}, roles={composer: "C"})
    price("1", "1")
    report([sung(90 * YUAN, 60, 30)], {"1": matched(song)}, family="k")
    money(90 * YUAN, "100")
    result = run()
    assert paid(composer) == 3_000 * WON
    assert result.suspense == {"CNY": 60 * YUAN, "KRW": 6_000 * WON}


@pytest.mark.django_db
def test_what_nobody_registered_may_be_for_either_and_nobody_is_paid_for_it() -> None:
    author, composer = party("author"), party("composer")
    song = work("song", {author: Fraction(4, 12), composer: Fraction(6, 12)}, roles={author: "A", composer: "C"})
    price("1", "1")
    report([sung(120 * YUAN, 60, 60)], {"1": matched(song)}, family="k")
    money(120 * YUAN, "1")
    result = run()
    assert (paid(author), paid(composer)) == (40 * WON, 45 * WON)  # 4 of 4 + 2, and 6 of 6 + 2
    assert result.suspense["KRW"] == 35 * WON


@pytest.mark.django_db
def test_a_publisher_alone_has_both_sides() -> None:
    publisher = party("publisher")
    song = work("song", {publisher: Fraction(1)}, roles={publisher: "E"})
    price("1", "1")
    report([sung(90 * YUAN, 60, 30)], {"1": matched(song)}, family="k")
    money(90 * YUAN, "100")
    run()
    assert paid(publisher) == 9_000 * WON


@pytest.mark.django_db
def test_of_a_song_with_other_words_the_words_are_kept_and_the_music_is_paid_whole() -> None:
    author, composer, song = a_and_c()
    price("1", "1")
    report([sung(90 * YUAN, 60, 30)], {"1": music_of(song)}, family="k")
    pool = money(90 * YUAN, "100")
    result = run()
    assert (paid(author), paid(composer)) == (0, 3_000 * WON)
    assert result.suspense["KRW"] == 6_000 * WON
    assert RunShare.objects.filter(words=True, part="words", music_alone=True).count() == 2
    assert earned() == expected_earnings(pool)


@pytest.mark.django_db
@pytest.mark.parametrize("basis", [Basis.WHOLE, Basis.CLAIMED])
def test_another_societys_side_is_not_ours_or_was_not_claimed(basis: str) -> None:
    author, _composer, song = a_and_c(JASRAC)
    price("1", "1")
    report([sung(90 * YUAN, 60, 30)], {"1": matched(song)}, family="k", basis=basis)
    pool = money(90 * YUAN, "100")
    result = run()
    assert paid(author) == 6_000 * WON
    assert (result.not_ours["KRW"], result.suspense["KRW"]) == (
        (3_000 * WON, 0) if basis == "whole" else (0, 3_000 * WON)
    )
    assert earned() == expected_earnings(pool)


@pytest.mark.django_db
def test_a_dispute_holds_the_same_part_of_both_sides() -> None:
    """1/12 of a share of 6/12 of composer and author: a sixth of what it earns on each side."""
    one_right(tme())
    both, other = party("both"), party("other")
    song = work("song", {both: HALF, other: HALF})
    open_hold(case_ref="C-1", share=share_of(song, both), fraction=Fraction(1, 12), from_date=MONTH)
    price("1", "1")
    report([sung(120 * YUAN, 60, 60)], {"1": matched(song)}, family="k")
    pool = money(120 * YUAN, "1")
    result = run()
    assert result.held["KRW"] == 10 * WON
    assert paid(both) == 50 * WON
    assert earned() == expected_earnings(pool)


@pytest.mark.django_db
def test_odd_amounts_and_thirds_agree_with_the_plain_rule() -> None:
    """Many songs, some of whose amounts cannot be cut or divided evenly, in both currencies, in a pool with other songs."""
    dice = random.Random(11)  # noqa: S311  # nothing secret
    people = [party(name) for name in "abcde"]
    works_ = [
        work(
            f"song {number}",
            dict(zip(people[:3], [Fraction(5, 12), Fraction(4, 12), Fraction(2, 12)], strict=True)),
            roles=dict(zip(people[:3], dice.sample(["A", "C", "CA", "AR", "TR"], 3), strict=True)),
        )
        for number in range(6)
    ]
    price("0.0333333333", "0.0123")
    price("0.7", "0.11", dt.date(2026, 2, 1))
    lines = [
        sung(
            dice.randrange(1, 10_000),
            dice.randrange(50),
            dice.randrange(1, 50),
            str(at),
            month=dt.date(2026, 1 + at % 2, 1),
        )
        for at in range(6)
    ]
    report(lines, {str(at): matched(of) for at, of in enumerate(works_)}, family="k", rejected=[3])
    plain = report([Line("x", 12_345)], {"x": matched(works_[0])})
    pool = money(sum(line.micros for line in lines) + 3 + 12_345, "191.27")
    assert plain.pools.count() == 1
    run()
    assert earned() == expected_earnings(pool)


# ── the price ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", ["0", "-0.01", "0.00000000001", "1000000"])
def test_a_price_is_more_than_nothing_and_exact(wrong: str) -> None:
    with pytest.raises(NotAPrice):
        price(wrong)
    with pytest.raises(NotAPrice):
        price("0.03", wrong)
    assert not KaraokePrice.objects.exists()


@pytest.mark.django_db
def test_a_price_needs_a_paper_and_is_never_changed() -> None:
    with pytest.raises(NoReason):
        declare_price(
            source=tme(), from_date=MONTH, words_price=Decimal(1), music_price=Decimal(1), note=" ", actor=staff()
        )
    first = price()
    assert price() == first
    with pytest.raises(PriceAlreadyDeclared):
        price("0.04")
    assert KaraokePrice.objects.get().words_price == Decimal("0.03")


@pytest.mark.django_db
def test_money_that_was_cut_keeps_its_price() -> None:
    _author, _composer, song = a_and_c()
    price()
    report([sung(90 * YUAN, 1200, 900)], {"1": matched(song)}, family="k")
    money(90 * YUAN)
    run()
    with pytest.raises(PriceAlreadyUsed):
        price("0.04", month=dt.date(2025, 12, 1))
    price("0.04", month=dt.date(2026, 2, 1))
    assert check_ledger().ok


@pytest.mark.django_db
def test_karaoke_that_was_withdrawn_is_taken_back_on_both_sides() -> None:
    author, composer, song = a_and_c()
    price()
    made = report([sung(90 * YUAN + 1, 1200, 901)], {"1": matched(song)}, family="k")
    money(90 * YUAN + 1, "100")
    run()
    assert paid(author) + paid(composer) == 9_000 * WON + 100
    withdraw_report(report=made, actor=staff(), reason="sent by mistake")
    assert distribute(period=dt.date(2026, 4, 1)).state == "distributed"
    require_all_holds()
    assert (paid(author), paid(composer)) == (0, 0)


# ── from the file on ────────────────────────────────────────────────────────────────────────────────────────────────────


def k_file(rows: list[tuple[str, str, str, str]]) -> bytes:
    """Rows of title, words uses, music uses and money."""
    lines = [",".join(FILES["k"])]
    lines += [f"20260101-20260131,全民K歌,{title},가수,{words},{music},4,{yuan}" for title, words, music, yuan in rows]
    return "\n".join(
        [*lines, "20260101,全民K歌国际版,먼 노래,가수,5,5,5,7.5", "20260101,全民K歌,녹음만,가수,0,0,5,2.5", ""]
    ).encode()


ROWS = [
    ("하나", "1200", "900", "60"),
    ("둘", "10", "0", "5.000001"),
    ("하나", "600", "150", "30"),
    ("둘", "0", "7", "0.000002"),
]


def distribute_file(content: bytes) -> tuple[Report, Party, Party]:
    """The whole path: import, match, price, money, distribution."""
    author, composer, song = a_and_c()
    SourceProfile.objects.get_or_create(
        source=tme(), family="", from_date=dt.date(2020, 1, 1), defaults={"basis": "whole", "note": "x"}
    )
    made = import_bytes(content, "k_202601.csv")
    assert (made.family, made.state, made.held_reason) == ("k", "held", "no_price")
    for recording in ReportedRecording.objects.all():
        decide(recording, matched(song))
    price()
    made.refresh_from_db()
    assert (made.state, made.held_reason) == ("ready", "")
    money(int(made.accepted_micros + made.rejected_micros), "100")
    run()
    return made, author, composer


@pytest.mark.django_db
def test_a_karaoke_file_from_its_lines_to_its_payees() -> None:
    """하나: 1,800 words × 0.03 = 54, 1,050 music × 0.02 = 21: 54/75 of ¥90 = 64.8 and 25.2.

    둘: 10 × 0.03 = 0.3 and 7 × 0.02 = 0.14: 0.3/0.44 of ¥5.000003 = 3.409092(9…) → 3.409093 and 1.590910;
    of ₩500.0003 it is 340.909295(4…) and 159.091005(5…): the two currencies are each cut by themselves.
    """
    made, author, composer = distribute_file(k_file(ROWS))
    assert list(UsageLine.objects.of_report(made).values_list("uses", "words_uses", "music_uses")) == [
        (2100, 1200, 900), (10, 10, 0), (750, 600, 150), (7, 0, 7),
    ]  # fmt: skip
    usage = made.song_usages.order_by("-amount_micros").values_list("uses", "words_uses", "music_uses", "amount_micros")
    assert list(usage) == [(2850, 1800, 1050, 90_000_000), (17, 10, 7, 5_000_003)]
    by_side = {
        side: sum(
            Earning.objects.filter(run_share__part=side, song_usage__report=made).values_list(
                "source_micros", flat=True
            )
        )
        for side in ("words", "music")
    }
    assert by_side == {"words": 64_800_000 + 3_409_093, "music": 25_200_000 + 1_590_910}
    assert (paid(author), paid(composer)) == (6_820_909_295, 2_679_091_005)
    assert made.reading["beside"] == [["按次分成-邻接权使用量-原版音源", 16]]
    reasons = made.rejected_lines.order_by("line_no").values_list("reason", "amount_micros")
    assert list(reasons) == [("not_china", 7_500_000), ("no_work_uses", 2_500_000)]


@pytest.mark.django_db
def test_the_order_of_the_lines_leaves_no_trace() -> None:
    turned = ROWS[::-1]
    made, author, composer = distribute_file(k_file(turned))
    assert (paid(author), paid(composer)) == (6_820_909_295, 2_679_091_005)
    assert made.reading["beside"] == [["按次分成-邻接权使用量-原版音源", 16]]


@pytest.mark.django_db
def test_a_workbook_says_the_same_as_a_table_in_text() -> None:
    rows = [line.split(",") for line in k_file(ROWS).decode().splitlines()]
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("k")
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                if at and column >= 4:
                    sheet.write_number(at, column, float(cell))
                else:
                    sheet.write_string(at, column, cell)
    columns = ("line_no", "uses", "amount_micros", "words_uses", "music_uses")
    found = [
        list(UsageLine.objects.of_report(import_bytes(content, label)).values_list(*columns))
        for content, label in ((k_file(ROWS), "k_202601.csv"), (out.getvalue(), "k_202601.xlsx"))
    ]
    assert found[0] == found[1] != []


@pytest.mark.django_db
def test_a_line_our_reader_fails_on_costs_itself_and_the_counts_of_the_others_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    marked = [*ROWS[:2], (MARK, "5", "5", "1"), *ROWS[2:]]
    break_stage(monkeypatch, "parse", has_mark)
    made, _new = receive(k_file(marked), "k_202601.csv")
    work_through_bugs(made)
    lines = UsageLine.objects.of_report(made).order_by("line_no")
    assert list(lines.values_list("line_no", "words_uses", "music_uses")) == [
        (2, 1200, 900), (3, 10, 0), (5, 600, 150), (6, 0, 7),
    ]  # fmt: skip
    assert made.rejected_lines.get(reason="poison").line_no == 4
    assert made.reading["beside"] == [["按次分成-邻接权使用量-原版音源", 16]]
    sums = made.song_usages.order_by("-amount_micros").values_list("words_uses", "music_uses")
    assert list(sums) == [(1800, 1050), (10, 7)]
    assert check_ledger().ok


@pytest.mark.django_db
def test_money_declared_to_be_for_recordings_is_held_and_never_distributed() -> None:
    SourceProfile.objects.create(source=tme(), family="k", basis="record", from_date=dt.date(2020, 1, 1), note="x")
    price()
    made = import_bytes(k_file(ROWS), "k_202601.csv")
    assert (made.state, made.held_reason, made.basis) == ("held", "recordings", "record")
    assert check_ledger().ok


@pytest.mark.django_db
def test_a_month_without_a_price_holds_the_whole_report() -> None:
    Source.objects.get(code="tme")
    price(month=dt.date(2026, 1, 1))
    later = k_file(ROWS).replace(b"20260101-20260131", b"20251201-20251231", 1)
    assert import_bytes(later, "k_202601.csv").held_reason == "no_price"


# ── what people see ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_staff_declare_a_price_on_the_page_and_the_report_goes_on() -> None:
    scene = make_scene()
    made = import_bytes(k_file(ROWS), "k_202601.csv")
    client = signed_in(scene.staff)
    page = client.get(f"/reports/{made.ref}/").content.decode()
    assert "no contract price is declared" in page
    assert "karaoke (k)" in page
    assert "statements for recordings" in page
    assert "held without a mandate" in page
    assert "Uses of recordings" in page
    form = {"declare": "price", "price-source": "tme", "price-from_date": "2026-01", "price-words_price": "0.03",
            "price-music_price": "0", "price-note": "contract"}  # fmt: skip
    assert client.post(reverse("royalties:sources"), form).status_code == 400
    assert client.post(reverse("royalties:sources"), {**form, "price-music_price": "0.02"}).status_code == 302
    made.refresh_from_db()
    assert made.state == "ready"
    assert "0.03" in client.get(reverse("royalties:sources")).content.decode()


@pytest.mark.django_db
def test_a_price_is_declared_by_the_api() -> None:
    scene = make_scene()
    body = {"from_month": "2026-01", "words_price": "0.03", "music_price": "0.02", "note": "contract"}
    answer = send(scene, "/api/v1/sources/tme/karaoke-prices/", body)
    assert answer.status_code == 201
    assert answer.json()["karaoke_prices"] == [{**body, "declared_by": "staff"}]
    other = send(scene, "/api/v1/sources/tme/karaoke-prices/", {**body, "music_price": "0.05"})
    assert other.status_code == 409
    assert send(scene, "/api/v1/sources/tme/karaoke-prices/", {**body, "words_price": "0"}).status_code == 400


@pytest.mark.django_db
def test_a_member_sees_words_and_music_apart() -> None:
    scene = make_scene()
    author, composer, song = a_and_c()
    Party.objects.filter(pk=author.pk).update(organisation=scene.haeon_party.organisation)
    price()
    report([sung(90 * YUAN, 1200, 900, "k1")], {"k1": matched(song)}, family="k")
    money(90 * YUAN, "100")
    distribute(period=DISTRIBUTION_MONTH)
    statement = Statement.objects.get(party=author)
    page = (
        signed_in(scene.haeon).get(reverse("royalties:statement_song", args=[statement.ref, song.ref])).content.decode()
    )
    assert "words 1,200 uses, music 900 uses" in page
    assert "words 0.03, music 0.02 a use" in page
    assert "the words" in page
    assert not Statement.objects.filter(party=composer).exclude(gross_micros=3_000 * WON).exists()
