"""A catalogue file: every row ends somewhere with its reasons, and what is registered stands."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from portal.accounts.models import Organisation
from portal.demo.catalogue import PUBLISHERS, ipi, iswc, write_catalogue
from portal.files.models import StoredFile
from portal.jobs.services import drain
from tests.works.build import Row, as_csv, codes, only_row, outcomes, publisher, read, row, send
from works.catalogue import ingest, spreadsheet
from works.catalogue.base import (
    ERRORS,
    WARNINGS,
    CatalogueColumnTwice,
    CatalogueEncodingWrong,
    CatalogueHeadingWrong,
    CatalogueUnreadable,
    ParseProblem,
)
from works.catalogue.rows import detect_encoding
from works.catalogue.template import csv_template
from works.models import (
    Affiliation,
    CatalogueRow,
    CatalogueUpload,
    ChangeLog,
    Party,
    PartyKey,
    PartyName,
    Recording,
    RecordingWork,
    Share,
    ShareConflict,
    Work,
    WorkKey,
    WorkPerformer,
    WorkTitle,
)
from works.services import NewPart, receive_catalogue, replace_share

REGISTER = (
    Party,
    PartyName,
    PartyKey,
    Affiliation,
    Work,
    WorkTitle,
    WorkKey,
    WorkPerformer,
    Recording,
    RecordingWork,
    Share,
    ShareConflict,
    ChangeLog,
)


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    with override("en"):
        yield


def counts() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in REGISTER}


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("5/12", Fraction(5, 12)), ("5 / 12", Fraction(5, 12)), ("50%", Fraction(1, 2)), ("50 %", Fraction(1, 2)),
        ("33.34%", Fraction(1667, 5000)), ("100%", Fraction(1)), ("0", Fraction(0)), ("0/12", Fraction(0)),
        ("50", None), ("0.5", None), ("1/0", None), ("13/12", None), ("120%", None), ("-5/12", None), ("５/12", None), ("열둘", None),
        ("1e-1%", None), ("5,5%", None), ("1", None),
    ],
)  # fmt: skip
def test_a_share_is_read_exactly_or_not_at_all(text: str, share: Fraction | None) -> None:
    assert spreadsheet.read_share(text) == share


@pytest.mark.parametrize(("codec", "name"), [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("cp949", "CP949")])
def test_it_says_which_encoding_it_took(codec: str, name: str, tmp_path: Path) -> None:
    catalogue = read(tmp_path / "a.csv", as_csv([row(title="봄밤의 뷁")]).encode(codec))
    assert (detect_encoding(tmp_path / "a.csv"), catalogue.works[0].title) == ((ANY, name), "봄밤의 뷁")


@pytest.mark.parametrize(("codec", "name"), [("gb18030", "GB18030"), ("cp949", "CP949"), ("utf-8", "UTF-8")])
def test_somebody_may_say_how_the_letters_are_written(
    db: None, settings: Any, tmp_path: Path, codec: str, name: str
) -> None:
    settings.MEDIA_ROOT = settings.PORTAL_DATA_DIR = tmp_path
    data = io.BytesIO(as_csv([row(title="春 봄")]).encode(codec))
    upload, job = receive_catalogue(
        stream=data, label="x.csv", organisation=publisher(), user=None, encoding=name, bell=False
    )
    drain(job_id=job.pk, stages=ingest.STAGES)
    assert (upload.encoding, Work.objects.get().title) == (name, "春 봄")


def test_letters_that_are_not_written_as_somebody_said_are_refused(db: None, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = settings.PORTAL_DATA_DIR = tmp_path
    data = io.BytesIO(as_csv([row(title="春 봄")]).encode("cp949"))
    with override("en"), pytest.raises(CatalogueEncodingWrong, match="written as UTF-8"):
        receive_catalogue(stream=data, label="x.csv", organisation=publisher(), user=None, encoding="UTF-8")
    assert not StoredFile.objects.exists()


def test_it_refuses_bytes_that_are_neither(tmp_path: Path) -> None:
    with pytest.raises(CatalogueUnreadable):
        read(tmp_path / "a.csv", as_csv([row()]).encode() + b"\xff\xff\xff")


def test_columns_may_stand_in_any_order_beside_others(tmp_path: Path) -> None:
    columns = ["memo", *reversed(spreadsheet.COLUMNS)]
    catalogue = read(tmp_path / "a.csv", as_csv([row() | {"memo": "ours"}], columns))
    assert [work.title for work in catalogue.works] == ["봄밤"]
    assert "memo" not in catalogue.rows[0].values


def test_a_heading_without_a_needed_column_names_it(tmp_path: Path) -> None:
    with pytest.raises(CatalogueHeadingWrong) as refusal:
        read(tmp_path / "a.csv", b"work_ref,title,party\r\nA,B,C\r\n")
    assert refusal.value.params["missing"] == "role, performing_share"
    with pytest.raises(CatalogueHeadingWrong):
        read(tmp_path / "a.csv", b"")
    with pytest.raises(CatalogueColumnTwice):
        read(tmp_path / "a.csv", b"work_ref,title,title,party,role,performing_share\r\n")


def test_one_stray_quotation_mark_costs_one_row(tmp_path: Path) -> None:
    lines = as_csv([row(f"A-{number}") for number in range(1, 6)]).split("\r\n")
    lines[2] = lines[2].replace("봄밤", '"봄밤')
    catalogue = read(tmp_path / "a.csv", "\r\n".join(lines))
    assert [each.row_no for each in catalogue.rows] == [2, 3, 4, 5, 6]
    assert {number: [problem.code for problem in found] for number, found in catalogue.problems.items()} == {
        3: ["row-unreadable"]
    }
    assert [work.work_ref for work in catalogue.works] == ["A-1", "A-3", "A-4", "A-5"]


def test_a_line_without_end_costs_one_row(tmp_path: Path) -> None:
    lines = as_csv([row("A-1"), row("A-2"), row("A-3")]).split("\r\n")
    lines[2] = lines[2].replace("봄밤", "봄밤" * 1_000_000)
    catalogue = read(tmp_path / "a.csv", "\r\n".join(lines))
    assert [work.work_ref for work in catalogue.works] == ["A-1", "A-3"]
    assert [(problem.code, len(problem.value)) for problem in catalogue.problems[3]] == [
        ("row-too-long", 1000), ("too-long", 300)
    ]  # fmt: skip


def test_a_comma_outside_quotation_marks_is_noticed(tmp_path: Path) -> None:
    text = as_csv([row(title="봄")]).replace("봄", "봄,여름,가을")
    problems = read(tmp_path / "a.csv", (text.rstrip() + ",x\r\n")).problems
    assert [problem.code for problem in problems[2]] == ["too-many-cells"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_ending_counts_rows_alike(ending: str, tmp_path: Path) -> None:
    text = as_csv([row("A-1"), row("A-2", title="")]).replace("\r\n", ending)
    assert list(read(tmp_path / "a.csv", text).problems) == [3]


WRONG: list[tuple[str, Row, str, str]] = [
    ("no title", {"title": ""}, "title", "value-missing"),
    ("no number", {"work_ref": ""}, "work_ref", "value-missing"),
    ("no party", {"party": ""}, "party", "value-missing"),
    ("no role", {"role": ""}, "role", "value-missing"),
    ("unknown role", {"role": "XX"}, "role", "role-unknown"),
    ("no share", {"performing_share": "", "mechanical_share": ""}, "performing_share", "share-missing"),
    ("a share without its sign", {"performing_share": "50"}, "performing_share", "share-is-a-number"),
    ("a percent-formatted cell", {"performing_share": "0.415"}, "performing_share", "share-is-a-number"),
    ("a share made a date", {"performing_share": "2026-05-12"}, "performing_share", "share-is-a-date"),
    ("a share made a date in Korea", {"performing_share": "05월 12일"}, "performing_share", "share-is-a-date"),
    ("a share made a date in America", {"performing_share": "12-May"}, "performing_share", "share-is-a-date"),
    ("a share made a month", {"performing_share": "Jul-32"}, "performing_share", "share-is-a-date"),
    ("more than the whole", {"mechanical_share": "13/12"}, "mechanical_share", "share-unreadable"),
    ("a malformed ISWC", {"iswc": "T-12"}, "iswc", "iswc-malformed"),
    ("a malformed ISRC", {"isrc": "KR-1"}, "isrc", "isrc-malformed"),
    ("an IPI as a float", {"ipi": "14107338.0"}, "ipi", "ipi-malformed"),
    ("an IPI in exponents", {"ipi": "1.41E+07"}, "ipi", "digits-lost"),
    ("a number in exponents", {"work_ref": "2.02601E+11"}, "work_ref", "digits-lost"),
    ("a number of twenty digits", {"work_ref": "1.2345678901234567e+19"}, "work_ref", "digits-lost"),
    ("a number of sixteen digits", {"work_ref": "1234567890123450.0"}, "work_ref", "digits-lost"),
    ("a writer as publisher", {"publisher_of": "도해온"}, "publisher_of", "publisher-of-by-writer"),
    ("a publisher of nobody", {"role": "E", "publisher_of": "아무도"}, "publisher_of", "publisher-of-nobody"),
    ("a country by name", {"territory": "China"}, "territory", "territory-unknown"),
    ("no country", {"territory": "1"}, "territory", "territory-unknown"),
    ("a date with dots", {"from_date": "2026.1.5"}, "from_date", "date-malformed"),
    ("the thirteenth month", {"from_date": "2026-13-01"}, "from_date", "date-malformed"),
    ("a long title", {"title": "가" * 301}, "title", "too-long"),
    ("a NUL", {"title": "봄\0밤"}, "title", "unprintable"),
]


@pytest.mark.parametrize(("case", "change", "column", "code"), WRONG, ids=[case for case, *_ in WRONG])
def test_a_wrong_value_is_named_by_row_column_and_reason(
    case: str, change: Row, column: str, code: str, tmp_path: Path
) -> None:
    catalogue = read(tmp_path / "a.csv", as_csv([row("A-0", "가을"), row() | change]))
    problem = catalogue.problems[3][0]
    assert (problem.row_no, problem.column, problem.code) == (3, column, code)
    assert [work.work_ref for work in catalogue.works] == ["A-0"]
    assert "%" not in problem.sentence.replace("41.5%", "")
    assert code in ERRORS


@pytest.mark.parametrize(
    ("change", "code"), [({"iswc": "T-034.524.680-2"}, "iswc-check-digit"), ({"ipi": "00014107339"}, "ipi-check-digit")]
)
def test_a_wrong_check_digit_is_only_a_warning(change: Row, code: str, tmp_path: Path) -> None:
    catalogue = read(tmp_path / "a.csv", as_csv([row() | change]))
    assert [problem.code for problem in catalogue.problems[2]] == [code]
    assert code in WARNINGS
    assert len(catalogue.works) == 1


@pytest.mark.parametrize(
    ("rows", "column"),
    [
        ([row(share="7/12"), row(party="류가온", share="6/12")], "mechanical_share"),
        (
            [row(share="33.34%"), row(party="류가온", share="33.33%"), row(party="한도담", share="33.34%")],
            "mechanical_share",
        ),
        ([row(share="7/12"), row(party="류가온", share="6/12", territory="156")], "mechanical_share"),
        ([row(share="7/12"), row(party="류가온", share="6/12", from_date="2030-01-01")], "mechanical_share"),
        ([row(share="6/12"), row(party="류가온", share="6/12") | {"performing_share": "7/12"}], "performing_share"),
    ],
)
def test_shares_of_each_right_never_exceed_the_whole(rows: list[Row], column: str, tmp_path: Path) -> None:
    problems = read(tmp_path / "a.csv", as_csv(rows)).problems
    found = [problem for each in problems.values() for problem in each if problem.code == "sum-over-whole"]
    assert column in {problem.column for problem in found}
    assert all(problems[number] for number in range(2, 2 + len(rows)))


def test_parts_of_the_world_do_not_add_up(tmp_path: Path) -> None:
    rows = [row(share="1/1", territory="156"), row(party="류가온", share="1/1", territory="410")]
    assert not read(tmp_path / "a.csv", as_csv(rows)).problems


def test_every_row_of_a_wrong_work_says_why(tmp_path: Path) -> None:
    rows = [row(share="4/12"), row(party="류가온", share="four"), row(party="한도담", share="4/12")]
    problems = read(tmp_path / "a.csv", as_csv(rows)).problems
    assert {number: [problem.code for problem in found] for number, found in problems.items()} == {
        2: ["work-has-errors"], 3: ["share-unreadable", "share-unreadable"], 4: ["work-has-errors"],
    }  # fmt: skip
    assert "row 3" in problems[2][0].sentence


def test_columns_of_the_work_may_be_left_out_but_not_differ(tmp_path: Path) -> None:
    rows = [
        row(share="4/12"),
        row(title="", party="류가온", share="4/12"),
        row(title="가을밤", party="한도담", share="4/12"),
    ]
    catalogue = read(tmp_path / "a.csv", as_csv(rows))
    assert [problem.code for problem in catalogue.problems[4]] == ["differs-within-work"]
    assert not read(tmp_path / "a.csv", as_csv(rows[:2])).problems


def test_every_problem_has_a_sentence_that_takes_its_values() -> None:
    params = dict.fromkeys(
        ("cells", "columns", "limit", "first", "first_row", "rows", "roles", "total", "registered", "title"), "X"
    )
    for code in {**ERRORS, **WARNINGS}:
        problem = ParseProblem(row_no=2, column="title", value="V", code=code, params=params)
        assert "%(" not in problem.sentence
        stored = json.loads(json.dumps(problem.as_json()))
        assert ParseProblem.from_json(2, stored) == problem


def test_the_template_reads_as_an_empty_catalogue(tmp_path: Path) -> None:
    assert csv_template().startswith(b"\xef\xbb\xbfwork_ref,title,")
    assert read(tmp_path / "a.csv", csv_template()).rows == ()


# ── registering ─────────────────────────────────────────────────────────────────────────────────────────────────────────


FULL = [
    row(
        title="청풍명월", title_hanja="淸風明月", title_zh="清风明月", title_latin="Clear Wind", iswc=iswc(1), isrc="KRA012600001",
        performer="은하역 / Galaxy Station", party_latin="Do Haeon", party_hanja="都海溫", ipi=ipi(1), share="4/12", role="C",
    ),
    row(title="", party="星野ひより", ipi=ipi(2), share="4/12", role="A", society="038"),
    row(title="", party="가람출판", ipi=ipi(3), share="4/12", role="E", society="KOMCA", publisher_of="도해온"),
]  # fmt: skip


def test_a_work_is_registered_with_all_it_has(db: None) -> None:
    upload, figures = send(FULL)
    assert (figures.rows, figures.registered, figures.to_mend, outcomes(upload)) == (3, 1, 0, ["registered"] * 3)
    work = Work.objects.get()
    assert (work.title, work.iswc, work.submitter_ref, work.registered_by) == ("청풍명월", iswc(1), "A-1", publisher())
    assert set(work.titles.values_list("text", "script", "language", "kind")) == {
        ("청풍명월", "Hang", "ko", "OT"), ("淸風明月", "Hani", "ko", "AT"), ("清风明月", "Hans", "zh", "TT"), ("Clear Wind", "Latn", "", "AT"),
    }  # fmt: skip
    recording = Recording.objects.get()
    assert (recording.isrc, recording.performer) == ("KRA012600001", "은하역 / Galaxy Station")
    performers = PartyName.objects.filter(party__kind=Party.Kind.PERFORMER)
    assert {(name.text, name.source, name.said_for, name.said_at) for name in performers} == {
        (text, "publisher", publisher(), work.titles.all()[0].said_at) for text in ("은하역", "Galaxy Station")
    }
    shares = {
        (share.party.name, share.right): share for share in work.shares.select_related("party", "writer_share__party")
    }
    assert {key: share.fraction for key, share in shares.items()} == {
        (name, right): Fraction(1, 3)
        for name in ("도해온", "星野ひより", "가람출판")
        for right in ("performing", "mechanical")
    }
    linked = shares["가람출판", "performing"].writer_share
    assert linked == shares["도해온", "performing"]
    assert set(Affiliation.objects.values_list("party__name", "society")) == {
        ("도해온", "118"), ("星野ひより", "038"), ("가람출판", "118"),
    }  # fmt: skip
    assert set(Party.objects.get(name="도해온").names.values_list("text", "kind")) == {
        ("도해온", "original"), ("Do Haeon", "romanised"), ("都海溫", "original"),
    }  # fmt: skip
    assert Party.objects.get(name="가람출판").organisation == publisher()  # the publisher's own name is itself
    assert work.keys.filter(text="清风明月").exists()
    assert PartyKey.objects.filter(party__name="도해온", text="Do Haeon").exists()
    change = ChangeLog.objects.get()
    assert (change.action, change.work, change.data["upload"]) == ("work.registered", work, upload.ref)
    assert all(CatalogueRow.objects.get(upload=upload, row_no=number).work == work for number in (2, 3, 4))


def test_the_same_file_again_changes_nothing(db: None) -> None:
    send([*FULL, row("A-2", "설야", performer="루미엘"), row("A-3", "귀로", society="NM", party="이름없음")])
    before = counts()
    upload, figures = send(
        [*FULL, row("A-2", "설야", performer="루미엘"), row("A-3", "귀로", society="NM", party="이름없음")]
    )
    assert (figures.registered, figures.duplicates, set(outcomes(upload))) == (0, 3, {"duplicate"})
    assert counts() == before


def test_the_demo_catalogue_registers_but_for_its_two_wrong_rows(db: None, tmp_path: Path) -> None:
    _, figures = send(write_catalogue(PUBLISHERS[0], tmp_path).read_bytes())
    assert (figures.to_mend, figures.duplicates, figures.conflicts) == (2, 0, 0)
    assert figures.registered == Work.objects.count() > 30


def test_what_is_new_is_added_to_a_registered_work(db: None) -> None:
    send([row(share="6/12")])
    more = [
        row(share="6/12", title_zh="春夜", iswc=iswc(5), isrc="KRA012600009", performer="루미엘"),
        row(title="", party="류가온", share="6/12"),
    ]
    upload, figures = send(more)
    assert (figures.registered, outcomes(upload)) == (1, ["registered", "registered"])
    work = Work.objects.get()
    assert (work.iswc, work.shares.count(), work.titles.count()) == (iswc(5), 4, 2)
    assert work.keys.filter(text="春夜").exists()
    assert set(work.changes.values_list("action", flat=True)) == {"work.registered", "work.extended"}
    assert send(more)[1].duplicates == 1


def test_shares_that_do_not_fit_stay_beside_the_registered_ones(db: None) -> None:
    send([row(share="9/12", iswc=iswc(7))])
    before = Share.objects.count()
    rival = [row("B-9", party="류가온", share="6/12", iswc=iswc(7)), row("B-9", "", party="도해온", share="6/12")]
    upload, figures = send(rival, publisher("PUB-B", "나루출판"))
    assert (figures.conflicts, outcomes(upload)) == (1, ["conflict", "conflict"])
    assert codes(upload)[0] == ["share-conflict", "share-conflict"]
    assert Share.objects.count() == before
    assert set(ShareConflict.objects.values_list("claimant__ref", "right", "numerator", "denominator")) == {
        ("PUB-B", right, 1, 2) for right in ("performing", "mechanical")
    }
    stored = counts()
    assert send(rival, publisher("PUB-B"))[1].conflicts == 1
    assert counts() == stored


def test_a_changed_fraction_is_a_conflict_even_where_it_would_fit(db: None) -> None:
    send([row(share="3/12")])
    upload, figures = send([row(share="4/12")])
    assert (figures.conflicts, outcomes(upload)) == (1, ["conflict"])
    assert [share.fraction for share in Share.objects.all()] == [Fraction(1, 4)] * 2


def test_a_share_that_was_replaced_is_not_claimed_back_by_the_same_file(db: None) -> None:
    rows = [row(share="6/12"), row(title="", party="류가온", share="6/12")]
    send(rows)
    share = Share.objects.get(party__name="도해온", right="performing")
    parts = [NewPart(share.party, "CA", Fraction(3, 12))]
    replace_share(share=share, from_date=dt.date(2026, 3, 1), parts=parts, actor=None, reason="C-1")
    before = counts()
    assert send(rows)[1].duplicates == 1
    assert counts() == before


def test_works_are_found_by_their_number_or_their_iswc(db: None) -> None:
    send([row("A-1", iswc=iswc(1)), row("A-2", "설야")])
    wrong = [
        row("A-1", iswc=iswc(9)),  # another ISWC for a registered number
        row("A-2", "설야", iswc=iswc(1)),  # the ISWC of another work
        row("A-7", iswc=iswc(1)),  # another number for the same work
    ]
    upload, figures = send(wrong)
    assert outcomes(upload) == ["to_mend", "to_mend", "duplicate"]
    assert codes(upload) == [["iswc-differs"], ["iswc-of-another-work"], []]
    assert figures.duplicates == 1


def test_two_numbers_with_one_iswc_in_one_file_are_one_work(db: None) -> None:
    upload, figures = send([row("A-1", iswc=iswc(1)), row("A-2", iswc=iswc(1))])
    assert (figures.registered, figures.duplicates, outcomes(upload)) == (1, 1, ["registered", "duplicate"])


def test_an_isrc_of_another_work_is_left_out_with_a_warning(db: None) -> None:
    upload, figures = send([row("A-1", isrc="KRA012600001"), row("A-2", "설야", isrc="KRA012600001")])
    assert (figures.registered, codes(upload)) == (2, [[], ["isrc-of-another-work"]])
    assert RecordingWork.objects.count() == 1
    assert send([row("A-3", "귀로", isrc="KRA012600001")])[1].registered == 1
    assert RecordingWork.objects.count() == 1


def test_a_name_alone_never_finds_somebody_elses_party(db: None) -> None:
    send([row(party="김민수")])
    send([row(party="김민수")], publisher("PUB-B", "나루출판"))
    assert Party.objects.filter(name="김민수").count() == 2
    send([row("A-2", "설야", party="김민수")])
    assert Party.objects.filter(name="김민수").count() == 2


def test_an_ipi_finds_a_party_wherever_it_came_from(db: None) -> None:
    send([row(ipi=ipi(4), party="김민수")])
    upload, _ = send([row(ipi=ipi(4), party="Minsu", society="038")], publisher("PUB-B", "나루출판"))
    party = Party.objects.get()
    assert (party.name, party.affiliations.get().society_id) == ("김민수", "118")
    assert codes(upload) == [["name-differs", "society-differs"]]
    assert not party.names.filter(text="Minsu").exists()


def test_two_people_of_one_name_must_be_told_apart(db: None) -> None:
    send([row("A-1", party="김민수", ipi=ipi(5)), row("A-2", "설야", party="김민수", ipi=ipi(6))])
    upload, figures = send([row("A-3", "귀로", party="김민수"), row("A-1", party="김민수")])
    assert codes(upload) == [["party-ambiguous"], []]
    assert outcomes(upload) == ["to_mend", "duplicate"]  # within a registered work it is clear who is meant
    assert figures.registered == 0


def test_an_ipi_added_later_belongs_to_the_party_of_that_work(db: None) -> None:
    send([row(party="김민수")])
    _, figures = send([row(party="김민수", ipi=ipi(5))])
    assert (figures.duplicates, Party.objects.get().ipi_name_number) == (1, ipi(5))


def test_an_unknown_society_leaves_the_collector_unknown(db: None) -> None:
    upload, figures = send([row(society="XYZ"), row("A-2", "설야", party="류가온", society="")])
    assert (figures.registered, codes(upload)) == (2, [["society-unknown"], []])
    assert not Affiliation.objects.exists()


@pytest.mark.parametrize(
    ("society", "kind", "code"),
    [("38", "society", "038"), ("jasrac", "society", "038"), ("NM", "non_member", None), ("pd", "public_domain", None)],
)
def test_who_collects_is_read_from_code_or_name(db: None, society: str, kind: str, code: str | None) -> None:
    send([row(society=society)])
    affiliation = Affiliation.objects.get()
    assert (affiliation.kind, affiliation.society_id) == (kind, code)


def test_a_row_without_a_share_makes_no_party(db: None) -> None:
    rows = [row(), row(title="", party="류가온", share="0")]
    assert send(rows)[1].registered == 1
    assert list(Party.objects.values_list("name", flat=True)) == ["도해온"]
    assert send(rows)[1].duplicates == 1


def test_it_stores_a_bad_row_as_it_stood(db: None) -> None:
    upload, _ = send(b"work_ref,title,party,role,performing_share\r\nA-1,\xeb\xb4\x84\x07,X,C,1/1\r\n")
    assert only_row(upload).values["title"] == "봄\ufffd"


def test_the_number_of_statements_does_not_grow_with_the_file(db: None) -> None:
    send([row("X-0", "처음", party="아무개", performer="루미엘")])
    numbers = []
    for size in (3, 40):
        rows = [
            row(f"N{size}-{number}", f"곡 {size} {number}", party=f"작가 {size} {number}", performer="루미엘")
            for number in range(size)
        ]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            send(rows)
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


# ── files and the command ───────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_no_catalogue_leaves_nothing_behind(db: None, tmp_path: Path) -> None:
    for data in (b"name,age\r\nA,1\r\n", b"\xfa\xff\xff,\r\n", as_csv([row()]).encode("utf-16-le")):
        with pytest.raises((CatalogueHeadingWrong, CatalogueUnreadable)):
            receive_catalogue(stream=io.BytesIO(data), label="x.csv", organisation=publisher(), user=None)
    assert (StoredFile.objects.count(), CatalogueUpload.objects.count()) == (0, 0)


def test_the_command_registers_and_says_so(db: None, tmp_path: Path) -> None:
    file = tmp_path / "catalogue.csv"
    file.write_bytes(as_csv([*FULL, row("A-2", "")]).encode("cp949", errors="ignore"))
    out = io.StringIO()
    call_command("import_catalogue", file, publisher="PUB-NEW", json=True, stdout=out)
    first, *_, last = out.getvalue().splitlines()
    answer = json.loads(last)
    assert "PUB-NEW" in first
    expected = {
        "state": "done",
        "rows": 4,
        "to_mend": 1,
        "registered": 1,
        "duplicates": 0,
        "conflicts": 0,
        "encoding": "CP949",
    }
    assert expected.items() <= answer.items()
    assert set(answer) >= {"upload", "works_per_second"}
    assert Organisation.objects.get(ref="PUB-NEW").kind == "publisher"


def test_the_command_refuses_what_it_cannot_read(db: None, tmp_path: Path) -> None:
    file = tmp_path / "catalogue.csv"
    file.write_bytes(b"a,b\r\n")
    society = Organisation.objects.create(ref="SOC", name="협회", kind=Organisation.Kind.SOCIETY)
    refusals = [
        (file, "PUB-NEW", "catalogue-heading-wrong", "columns"),
        (tmp_path / "nothing.csv", "PUB-NEW", "file-cannot-be-opened", "cannot be opened"),
        (file, society.ref, "not-a-publisher", "is not a publisher"),
        (file, "P" * 41, "publisher-ref-too-long", "at most 40 characters; this one has 41"),
    ]
    for path, publisher_ref, code, said in refusals:
        out = io.StringIO()
        with override("ko"), pytest.raises(CommandError, match=said) as refused:
            call_command("import_catalogue", path, publisher=publisher_ref, json=True, stdout=out)
        assert json.loads(out.getvalue()) == {"error": code, "message": str(refused.value)}
    assert not Organisation.objects.filter(kind=Organisation.Kind.PUBLISHER).exists()
