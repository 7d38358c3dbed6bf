"""What happens in the demo: two months of statements, money for both, decisions of staff, a dispute. Safe to run again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Final

from django.core.files.uploadedfile import SimpleUploadedFile

from claims.models import Case
from claims.rules import Check
from claims.services import accept_papers, add_message, close_case, file_share_case, file_unmatched_case, return_papers
from portal.accounts.models import Role, User
from portal.demo import society, statements
from royalties.distribution import distribute
from royalties.duplicates import find as find_duplicates
from royalties.models import Match, MatchWork, Report, ReportedRecording, Source
from royalties.money_in import record_remittance
from royalties.pricing import declare_price
from royalties.review import accept_songs, reject_pairs
from works.models import Party, Share, Work

Send = Callable[[Path, dt.date], Report]  # brings a statement into the portal and waits until it is read and matched
PAPER: Final = b"%PDF-1.4\n% An invented agreement, for the demo only.\n%%EOF\n"


@dataclass(frozen=True)
class Month:
    usage: dt.date
    distributed: dt.date
    write: Callable[[dt.date, int, Path], Path]
    rate: Decimal  # won per yuan, invented
    rate_date: dt.date
    karaoke: bool = False  # whether a statement of karaoke comes with it


MONTHS: Final = [
    Month(dt.date(2026, 8, 1), dt.date(2026, 10, 1), statements.write_xlsx, Decimal("191.27"), dt.date(2026, 10, 12)),
    Month(
        dt.date(2026, 9, 1),
        dt.date(2026, 11, 1),
        statements.write_csv,
        Decimal("192.05"),
        dt.date(2026, 11, 11),
        karaoke=True,
    ),
]
KARAOKE_PRICES: Final = (Decimal("0.03"), Decimal("0.02"))  # yuan for a use of the words, and of the music; invented


def receive(month: Month, folder: Path, lines: int, send: Send) -> Report:
    """The month's statements come in; staff answer one question of the matcher each way, and the money arrives."""
    report = send(month.write(month.usage, lines, folder), month.usage)
    staff = society.user(Role.STAFF)
    reports = [report]
    if month.karaoke:
        source, (words, music) = Source.objects.get(code="tme"), KARAOKE_PRICES
        reports.append(send(statements.write_karaoke(month.usage, folder), month.usage))
        declare_price(
            source=source,
            from_date=month.usage,
            words_price=words,
            music_price=music,
            note="시연용으로 지어낸 계약",
            actor=staff,
        )
    answer_reviews(staff)
    find_duplicates()
    record_remittance(
        source=Source.objects.get(code="tme"),
        period=month.usage,
        amount_micros=sum(int(each.accepted_micros + each.rejected_micros) for each in reports),
        currency="CNY",
        rate=month.rate,
        rate_date=month.rate_date,
        rate_source="demo",
        actor=staff,
    )
    return report


def answer_reviews(staff: User) -> None:
    """Of the songs to review one is accepted and one pair rejected, once; the others stay for the visitor."""
    if Match.objects.filter(method="staff").exists():
        return
    waiting = Match.objects.filter(outcome=Match.Outcome.REVIEW, superseded_at=None).order_by("recording__key")[:2]
    for match, accept in zip(waiting, (True, False), strict=False):
        first = MatchWork.objects.filter(match=match).order_by("rank")[0]
        if accept:
            accept_songs(songs=[match.recording], work=first.work, actor=staff, reason="앨범이 같아요", seen={})
        else:
            reject_pairs(songs=[match.recording], work=first.work, actor=staff, reason="작곡자가 달라요", seen={})


def disputable_shares() -> list[Share]:
    """Composer's shares of the songwriter who signs in, in matched works of the publisher that will dispute them."""
    writer = Party.objects.get(name=society.SEATS[0].party, kind=Party.Kind.WRITER)
    shares = Share.objects.filter(
        party=writer,
        role=Share.Role.COMPOSER,
        right="performing",
        until_date=None,
        work__registered_by__ref="PUB-DALBIT",
        work__match_works__match__outcome=Match.Outcome.ACCEPTED,
        work__match_works__match__superseded_at=None,
    )
    return list(shares.select_related("work", "party").order_by("work__submitter_ref").distinct())


def open_cases() -> None:
    """A publisher disputes 1/12 of two works, whose papers are accepted; and it says that an unmatched song is its own."""
    if Case.objects.exists():
        return
    publisher, staff = society.user(Role.PUBLISHER_SUPER), society.user(Role.STAFF)
    party = Party.objects.get(organisation__ref="PUB-DALBIT")
    for share in disputable_shares()[:2]:
        case = file_share_case(
            share=share,
            party=party,
            fraction=Fraction(1, 12),
            from_date=MONTHS[1].usage,
            reason="2026년 8월 20일 계약으로 12분의 1을 넘겨받았어요.",
            paper=SimpleUploadedFile("양도계약서.pdf", PAPER),
            actor=publisher,
        )
        accept_papers(case=case, actor=staff, checks=list(Check))
        add_message(case=case, text="계약서 원본을 작가와 함께 확인하고 있어요.", actor=society.user(Role.DELEGATE))
    unmatched = ReportedRecording.objects.filter(matches__outcome=Match.Outcome.NONE, matches__superseded_at=None)
    works = Work.objects.filter(shares__party=party).order_by("submitter_ref")
    for song in unmatched.order_by("key")[:2]:
        case = file_unmatched_case(
            recording=song,
            work=works[0],
            party=party,
            reason="중국어 제목으로 나간 저희 곡이에요.",
            paper=SimpleUploadedFile("발매자료.pdf", PAPER),
            actor=publisher,
        )
    return_papers(case=case, text="발매일이 적힌 자료가 빠졌어요.", actor=staff)


def close_a_case() -> None:
    """The second dispute ends by agreement: the share stays where it was, and the won that waited are released."""
    if Case.objects.filter(state=Case.State.CLOSED).exists():
        return
    case = Case.objects.filter(kind=Case.Kind.SHARE).order_by("pk")[1]
    close_case(
        case=case,
        outcome=Case.Outcome.AGREEMENT,
        granted=False,
        note="양쪽이 서명한 합의서에 따라 지분은 그대로예요.",
        actor=society.user(Role.STAFF),
        period=MONTHS[1].distributed,
    )


def play(folder: Path, lines: int, send: Send) -> None:
    """The whole story, in order."""
    society.make_society(folder)
    receive(MONTHS[0], folder, lines, send)
    distribute(period=MONTHS[0].distributed, actor=society.second_of_staff())
    open_cases()
    receive(MONTHS[1], folder, lines, send)
    distribute(period=MONTHS[1].distributed, actor=society.user(Role.STAFF))
    close_a_case()
