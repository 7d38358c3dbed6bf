from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from django.utils import timezone

from claims import services
from claims.models import Case, CaseEvent
from portal.lib.errors import DomainError
from portal.notices.models import Notice
from royalties.models import Hold, Match, Statement
from royalties.services import decide_match
from tests.claims.conftest import (
    FROM,
    Cast,
    accept,
    add_share,
    add_song,
    everything_written,
    file_share,
    file_song,
)
from works.models import Share, Work


def close(case: Case, cast: Cast, **changes: object) -> Case:
    given = {"outcome": "agreement", "granted": True, "note": "Letter of 3 May 2026.", "actor": cast.staff}
    return services.close_case(case=case, **{**given, **changes})  # type: ignore[arg-type]


def standing(work: Work, day: dt.date) -> list[tuple[str, Fraction, str]]:
    shares = work.shares.in_force(day).filter(right="performing").select_related("party").order_by("pk")
    return sorted((share.party.name, share.fraction, share.role) for share in shares)


def test_it_gives_the_part_to_the_claimant_from_the_day_of_the_case_on(cast: Cast) -> None:
    case = close(accept(file_share(cast), cast.staff), cast)
    assert (case.state, case.outcome, case.granted) == (Case.State.CLOSED, "agreement", True)
    untouched = [("다른 작가", Fraction(5, 12), "C"), ("달빛출판", Fraction(4, 12), "E")]
    before = sorted([*untouched, ("도해온", Fraction(3, 12), "CA")])
    after = sorted([*untouched, ("도해온", Fraction(2, 12), "CA"), ("달빛출판", Fraction(1, 12), "CA")])
    assert standing(cast.work, FROM - dt.timedelta(days=1)) == before
    assert standing(cast.work, FROM) == after
    assert Share.objects.get(pk=cast.share.pk).until_date == FROM


def test_it_gives_a_smaller_agreed_part(cast: Cast) -> None:
    case = close(accept(file_share(cast), cast.staff), cast, part=Fraction(1, 24))
    fractions = {(name, fraction) for name, fraction, role in standing(cast.work, FROM) if role == "CA"}
    assert fractions == {("도해온", Fraction(5, 24)), ("달빛출판", Fraction(1, 24))}
    hold = Hold.objects.get()
    assert hold.state == Hold.State.RELEASED
    assert case.events.last().data["part"] == "1/24"  # type: ignore[union-attr]


def test_it_gives_the_whole_share_when_the_whole_was_disputed(cast: Cast) -> None:
    close(accept(file_share(cast, fraction=Fraction(3, 12)), cast.staff), cast, outcome="court")
    owners = {(name, fraction) for name, fraction, role in standing(cast.work, FROM) if role == "CA"}
    assert owners == {("달빛출판", Fraction(3, 12))}


@pytest.mark.parametrize("outcome", ["agreement", "court", "silence", "withdrawal"])
def test_it_leaves_the_share_alone_when_nothing_is_granted(cast: Cast, outcome: str) -> None:
    before = list(Share.objects.order_by("pk").values())
    case = close(accept(file_share(cast), cast.staff), cast, outcome=outcome, granted=False)
    assert list(Share.objects.order_by("pk").values()) == before
    assert (case.outcome, case.granted) == (outcome, False)
    assert Hold.objects.get().state == Hold.State.RELEASED


def test_it_releases_an_empty_hold_without_a_statement(cast: Cast) -> None:
    close(accept(file_share(cast), cast.staff), cast)
    assert Hold.objects.get().state == Hold.State.RELEASED
    assert not Statement.objects.exists()


def test_it_says_to_everybody_how_it_ended(cast: Cast) -> None:
    case = close(accept(file_share(cast), cast.staff), cast)
    last = case.events.last()
    assert last is not None
    assert (last.action, last.text, last.actor) == (CaseEvent.Action.CLOSED, "Letter of 3 May 2026.", cast.staff)
    assert (last.data["before"], last.data["after"], last.data["from_date"]) == ("1/4", "1/6", "2026-03-01")
    for reader in (cast.haeon, cast.claim, cast.staff_two):
        notice = Notice.objects.filter(user=reader).latest("pk")
        assert "ended by agreement" in str(notice)


def test_it_matches_the_song_to_the_claimants_work(cast: Cast) -> None:
    close(accept(file_song(cast), cast.staff), cast, outcome="silence")
    match = Match.objects.get(recording=cast.song, superseded_at=None)
    assert (match.outcome, match.method, match.decided_by) == (Match.Outcome.ACCEPTED, "case", cast.staff)
    assert [(part.work, part.numerator, part.denominator) for part in match.works.all()] == [(cast.work, 1, 1)]
    assert Hold.objects.get().state == Hold.State.RELEASED


def test_it_leaves_the_song_unmatched_when_nothing_is_granted(cast: Cast) -> None:
    before = list(Match.objects.values())
    close(accept(file_song(cast), cast.staff), cast, granted=False)
    assert list(Match.objects.values()) == before
    assert Hold.objects.get().state == Hold.State.RELEASED


def test_it_keeps_a_match_that_staff_made_to_the_same_work_meanwhile(cast: Cast) -> None:
    case = accept(file_song(cast), cast.staff)
    made = decide_match(recording=cast.song, works=[(cast.work, Fraction(1))], actor=cast.staff, reason="Heard it.")
    close(case, cast)
    assert Match.objects.get(recording=cast.song, superseded_at=None) == made


@pytest.mark.parametrize("state", ["filed", "papers_missing"])
def test_it_records_only_a_withdrawal_before_the_papers_are_complete(cast: Cast, state: str) -> None:
    case = file_share(cast)
    if state == "papers_missing":
        case = services.return_papers(case=case, text="Signature.", actor=cast.staff)
    before = everything_written()
    for outcome in ("agreement", "court", "silence"):
        with pytest.raises(services.OutcomeNotNow):
            close(case, cast, outcome=outcome, granted=False)
    assert everything_written() == before
    case = close(case, cast, outcome="withdrawal", granted=False)
    assert (case.state, case.outcome) == (Case.State.CLOSED, "withdrawal")
    assert not Hold.objects.exists()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"outcome": "withdrawal"}, services.WithdrawnAndGranted),
        ({"outcome": "court", "part": Fraction(1, 24)}, services.PartWithoutAgreement),
        ({"granted": False, "part": Fraction(1, 24)}, services.PartWithoutAgreement),
        ({"part": Fraction(2, 12)}, services.PartOutOfRange),
        ({"note": ""}, services.ReasonMissing),
    ],
)
def test_it_refuses_and_changes_nothing(cast: Cast, changes: dict[str, object], error: type[DomainError]) -> None:
    case = accept(file_share(cast), cast.staff)
    before = everything_written()
    with pytest.raises(error):
        close(case, cast, **changes)
    assert everything_written() == before


@pytest.mark.parametrize(
    "who", ["haeon", "claim", "claim_finance", "claim_copyright", "stranger", "auditor", "contact"]
)
def test_it_lets_only_staff_record_the_end(cast: Cast, who: str) -> None:
    case = accept(file_share(cast), cast.staff)
    before = everything_written()
    with pytest.raises(services.StepNotYours):
        close(case, cast, actor=cast.everybody()[who])
    assert everything_written() == before


def test_it_says_what_happened_when_the_case_is_closed_already(cast: Cast) -> None:
    case = accept(file_share(cast), cast.staff)
    close(case, cast)
    before = everything_written()
    with pytest.raises(services.CaseMovedOn) as refusal:
        close(case, cast, outcome="court", granted=False, actor=cast.staff_two)
    assert refusal.value.params["who"] == "staff"
    assert str(timezone.localdate().year) in str(refusal.value)
    assert everything_written() == before


def test_it_refuses_to_grant_a_share_that_ended_meanwhile(cast: Cast) -> None:
    case = accept(file_share(cast), cast.staff)
    Share.objects.filter(pk=cast.share.pk).update(until_date=dt.date(2026, 6, 1))
    before = everything_written()
    with pytest.raises(services.ShareEnded):
        close(case, cast)
    assert everything_written() == before
    assert close(case, cast, granted=False).state == Case.State.CLOSED


@pytest.mark.parametrize(
    ("first_from", "second_from"),
    [(FROM, FROM), (FROM, dt.date(2026, 5, 1)), (dt.date(2026, 5, 1), FROM)],
)
def test_it_takes_other_open_cases_along_to_the_share_that_is_left(
    cast: Cast, first_from: dt.date, second_from: dt.date
) -> None:
    first = accept(file_share(cast, from_date=first_from), cast.staff)
    second = accept(file_share(cast, from_date=second_from, fraction=Fraction(2, 12)), cast.staff)
    close(first, cast)
    second.refresh_from_db()
    rest = cast.work.shares.get(party=cast.haeon_party, until_date=None)
    assert second.share == rest
    holds = Hold.objects.filter(case_ref=second.ref, state=Hold.State.OPEN).order_by("pk")
    assert [(hold.share, hold.from_date) for hold in holds] == [
        (cast.share, second_from),
        (rest, max(first_from, second_from)),
    ]
    assert Notice.objects.filter(user=cast.haeon, sentence__contains="After another decision").count() == 1
    close(second, cast)
    late = max(first_from, second_from)
    assert [(name, fraction) for name, fraction, role in standing(cast.work, late) if role == "CA"] == [
        ("달빛출판", Fraction(1, 12)),
        ("달빛출판", Fraction(2, 12)),
    ]
    assert not Hold.objects.filter(state=Hold.State.OPEN).exists()


def test_it_leaves_another_claimants_case_about_the_song_open(cast: Cast) -> None:
    work = Work.objects.create(title="달빛 약속")
    add_share(work, cast.stranger_party, Fraction(1), role="CA")
    song = add_song("约定")
    ours = accept(file_song(cast, recording=song), cast.staff)
    theirs = accept(
        file_song(cast, recording=song, work=work, party=cast.stranger_party, actor=cast.stranger), cast.staff
    )
    close(ours, cast)
    theirs.refresh_from_db()
    assert theirs.state == Case.State.DISPUTED
    assert Hold.objects.get(case_ref=theirs.ref).state == Hold.State.OPEN


def test_it_gives_no_part_of_a_song(cast: Cast) -> None:
    case = accept(file_song(cast), cast.staff)
    before = everything_written()
    with pytest.raises(services.PartOfSong):
        close(case, cast, part=Fraction(1, 2))
    assert everything_written() == before


def test_it_gives_no_part_whose_rest_could_not_be_written_down(cast: Cast) -> None:
    case = accept(file_share(cast), cast.staff)
    before = everything_written()
    with pytest.raises(services.PartTooFine):
        close(case, cast, part=Fraction(1, 10**12 + 39))
    assert everything_written() == before
