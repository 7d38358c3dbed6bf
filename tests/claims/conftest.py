"""The cast of the room of claims, and one work whose share is disputed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model
from django.utils import translation
from pytest_django import Settings

from claims import services
from claims.models import Attachment, Case, CaseEvent, CaseParty
from claims.rules import Check
from portal.accounts.models import Membership, Organisation, Role, User
from portal.files.models import StoredFile
from portal.notices.models import Notice
from royalties.models import Hold, Match, MatchWork, Report, ReportedRecording, Source
from works.models import Affiliation, Party, Right, Share, Society, Work

FROM: Final = dt.date(2026, 3, 1)
NUMBERS: Final = count(1)


@dataclass(kw_only=True)
class Cast:
    """Haeon wrote the work; Claim (a publisher) disputes her share; Stranger has nothing to do with any of it."""

    haeon: User
    claim: User
    claim_finance: User
    claim_copyright: User
    stranger: User
    staff: User
    staff_two: User
    auditor: User
    contact: User
    haeon_party: Party
    claim_party: Party
    other_party: Party
    stranger_party: Party
    work: Work
    share: Share  # Haeon's 3/12, performing
    song: ReportedRecording

    def everybody(self) -> dict[str, User]:
        return {name: value for name, value in vars(self).items() if isinstance(value, User)}


def make_cast() -> Cast:
    kinds = Organisation.Kind
    society = _organisation("GARAK", kinds.SOCIETY, "협회")
    desk = _organisation("DESK", kinds.DESK, "도해온")
    claim = _organisation("CLAIM", kinds.PUBLISHER, "달빛출판")
    strange = _organisation("STRANGE", kinds.PUBLISHER, "낯선출판")
    service = _organisation("SVC", kinds.SERVICE, "腾讯音乐")
    haeon_party = _party("도해온", Party.Kind.WRITER, desk)
    claim_party = _party("달빛출판", Party.Kind.PUBLISHER, claim)
    other_party = _party("다른 작가", Party.Kind.WRITER, None)
    stranger_party = _party("낯선출판", Party.Kind.PUBLISHER, strange)
    work = Work.objects.create(title="아리랑 연가")
    share = add_share(work, haeon_party, Fraction(3, 12), role=Share.Role.COMPOSER_AUTHOR)
    add_share(work, claim_party, Fraction(4, 12), role=Share.Role.ORIGINAL_PUBLISHER)
    add_share(work, other_party, Fraction(5, 12), role=Share.Role.COMPOSER)
    return Cast(
        haeon=_user("haeon", desk, Role.SONGWRITER),
        claim=_user("claim", claim, Role.PUBLISHER_SUPER),
        claim_finance=_user("finance", claim, Role.PUBLISHER_FINANCE),
        claim_copyright=_user("copyright", claim, Role.PUBLISHER_COPYRIGHT),
        stranger=_user("stranger", strange, Role.PUBLISHER_SUPER),
        staff=_user("staff", society, Role.STAFF),
        staff_two=_user("staff-two", society, Role.STAFF),
        auditor=_user("auditor", society, Role.AUDITOR),
        contact=_user("contact", service, Role.SERVICE_CONTACT),
        haeon_party=haeon_party,
        claim_party=claim_party,
        other_party=other_party,
        stranger_party=stranger_party,
        work=work,
        share=share,
        song=add_song("月光下的约定"),
    )


def _organisation(ref: str, kind: str, name: str) -> Organisation:
    return Organisation.objects.create(ref=ref, kind=kind, name=name)


def _user(name: str, organisation: Organisation, role: str) -> User:
    user = User.objects.create_user(f"{name}@garak.example", name=name, language="en")
    Membership.objects.create(user=user, organisation=organisation, role=role, from_date=dt.date(2026, 1, 1))
    return user


def _party(name: str, kind: str, organisation: Organisation | None) -> Party:
    party = Party.objects.create(name=name, kind=kind, organisation=organisation)
    ours = Society.objects.get(code="118")
    Affiliation.objects.create(party=party, kind=Affiliation.Kind.SOCIETY, society=ours)
    return party


def add_share(work: Work, party: Party, fraction: Fraction, *, role: str, right: str = Right.PERFORMING) -> Share:
    return Share.objects.create(
        work=work,
        party=party,
        role=role,
        right=right,
        numerator=fraction.numerator,
        denominator=fraction.denominator,
    )


def add_song(title: str, *, outcome: str = Match.Outcome.NONE, work: Work | None = None) -> ReportedRecording:
    """A song as a service reported it, with its standing match."""
    source = Source.objects.get(code="tme")
    number = next(NUMBERS)
    stored = StoredFile.objects.create(label=f"report-{number}.csv", sha256=f"{number:064x}", size_bytes=1)
    report = Report.objects.create(source=source, file=stored, sha256=stored.sha256)
    song = ReportedRecording.objects.create(
        key=f"tme:id:{number}", id_space="tme", song_id=str(number), title=title, artists="歌手", first_report=report
    )
    match = Match.objects.create(recording=song, outcome=outcome, method="none", probability_permille=0)
    if work is not None:
        MatchWork.objects.create(match=match, work=work)
    return song


def paper(name: str = "contract.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, b"%PDF-1.7 a contract")


def file_share(cast: Cast, **changes: Any) -> Case:
    """Claim disputes 1/12 of Haeon's 3/12."""
    given = {
        "share": cast.share,
        "party": cast.claim_party,
        "fraction": Fraction(1, 12),
        "from_date": FROM,
        "reason": "The contract of 2026 gives us one twelfth.",
        "paper": paper(),
        "actor": cast.claim,
    }
    return services.file_share_case(**{**given, **changes})


def file_song(cast: Cast, **changes: Any) -> Case:
    given = {
        "recording": cast.song,
        "work": cast.work,
        "party": cast.claim_party,
        "reason": "This is our recording.",
        "paper": paper(),
        "actor": cast.claim,
    }
    return services.file_unmatched_case(**{**given, **changes})


def accept(case: Case, actor: User) -> Case:
    return services.accept_papers(case=case, checks=list(Check), actor=actor)


def everything_written() -> dict[str, list[dict[str, Any]]]:
    """All that a step of a case may write, for proving that a refused one wrote nothing."""
    tables: tuple[type[Model], ...] = (Case, CaseParty, CaseEvent, Attachment, StoredFile, Notice, Hold, Match, Share)
    return {table.__name__: list(table._default_manager.order_by("pk").values()) for table in tables}


@pytest.fixture(autouse=True)
def _papers_in_a_folder_of_their_own(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()
