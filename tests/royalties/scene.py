"""A small society for the tests of the pages: who signs in, two works, one report, and songs in every state of a match.

月亮 (MOON) is Haeon's and Dalbit's, a third of it JASRAC's; the stranger's work and its song carry words that must never
reach anybody else's page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Final

from django.db import connection
from django.db.models import Sum
from django.test import Client

from portal.accounts.models import Membership, Organisation, Role, User
from portal.files.models import StoredFile
from royalties.distribution import RunResult, distribute
from royalties.models import (
    DeductionRule,
    Match,
    MatchWork,
    RejectedLine,
    Remittance,
    Report,
    ReportedRecording,
    Service,
    SongUsage,
    Source,
)
from royalties.money_in import record_remittance
from tests.royalties.stored import store_lines
from works.models import Affiliation, Party, Recording, RecordingWork, Right, Script, Share, Society, Work, WorkTitle

MONTH: Final = dt.date(2026, 9, 1)
PAID_IN: Final = dt.date(2026, 11, 1)
YUAN: Final = 1_000_000
RATE: Final = Decimal("192.05")
CANARY: Final = "비밀카나리아"
EVIDENCE: Final = {"title": {"why": "same", "reported": "月光", "registered": "월광", "part": ""}}
NUMBERS: Final = count(1)
QQ, KUGOU = Service.QQ, Service.KUGOU


@dataclass(kw_only=True)
class Scene:
    haeon: User
    dalbit: User
    finance: User
    copyright: User
    stranger: User
    strange_writer: User
    staff: User
    staff_two: User
    auditor: User
    contact: User
    haeon_party: Party
    dalbit_party: Party
    stranger_party: Party
    jasrac_party: Party
    moon: Work
    other: Work
    strange: Work
    report: Report
    matched: ReportedRecording
    strange_song: ReportedRecording
    unmatched: ReportedRecording
    review: ReportedRecording

    def everybody(self) -> dict[str, User]:
        return {name: value for name, value in vars(self).items() if isinstance(value, User)}


def make_scene() -> Scene:
    kinds = Organisation.Kind
    society = _organisation("GARAK", kinds.SOCIETY)
    desk = _organisation("DESK-HAEON", kinds.DESK)
    strange_desk = _organisation("DESK-STRANGE", kinds.DESK)
    dalbit = _organisation("PUB-DALBIT", kinds.PUBLISHER)
    strange = _organisation("PUB-STRANGE", kinds.PUBLISHER)
    service = _organisation("SVC-TME", kinds.SERVICE)
    Source.objects.filter(code="tme").update(organisation=service)
    haeon_party = add_party("도해온", organisation=desk)
    dalbit_party = add_party("달빛출판", organisation=dalbit, kind=Party.Kind.PUBLISHER)
    stranger_party = add_party(f"{CANARY}출판", organisation=strange, kind=Party.Kind.PUBLISHER)
    jasrac_party = add_party("山田花", society="038")
    moon, other, strange_work = add_work("달빛 아래"), add_work("달빛 속에"), add_work(f"{CANARY}의 노래")
    for right in (Right.PERFORMING, Right.MECHANICAL):
        add_share(moon, haeon_party, Fraction(5, 12), "CA", right)
        add_share(moon, jasrac_party, Fraction(4, 12), "C", right)
        add_share(moon, dalbit_party, Fraction(3, 12), "E", right)
        add_share(other, dalbit_party, Fraction(1), "E", right)
        add_share(strange_work, stranger_party, Fraction(1), "E", right)
    matched = add_song("月光之下", matched_to=[(moon, Fraction(1))])
    strange_song = add_song(f"{CANARY}之歌", matched_to=[(strange_work, Fraction(1))])
    unmatched = add_song("无主之歌")
    review = add_song("月光", candidates=[(moon, 700), (other, 600)])
    report = add_report(
        [
            (matched, QQ, 1000, 60 * YUAN),
            (matched, QQ, 500, 30 * YUAN),
            (matched, KUGOU, 200, 12 * YUAN),
            (strange_song, QQ, 77, 7_777_777),
            (unmatched, QQ, 50, 5_500_000),
            (review, KUGOU, 40, 4_400_000),
        ],
        rejected=[("坏行,坏钱,坏", "amount", "应结算金额", "坏钱", 1_000_000)],
    )
    return Scene(
        haeon=_user("haeon", desk, Role.SONGWRITER),
        dalbit=_user("dalbit", dalbit, Role.PUBLISHER_SUPER),
        finance=_user("finance", dalbit, Role.PUBLISHER_FINANCE),
        copyright=_user("copyright", dalbit, Role.PUBLISHER_COPYRIGHT),
        stranger=_user("stranger", strange, Role.PUBLISHER_SUPER),
        strange_writer=_user("strange-writer", strange_desk, Role.SONGWRITER),
        staff=_user("staff", society, Role.STAFF),
        staff_two=_user("staff-two", society, Role.STAFF),
        auditor=_user("auditor", society, Role.AUDITOR),
        contact=_user("contact", service, Role.SERVICE_CONTACT),
        haeon_party=haeon_party,
        dalbit_party=dalbit_party,
        stranger_party=stranger_party,
        jasrac_party=jasrac_party,
        moon=moon,
        other=other,
        strange=strange_work,
        report=report,
        matched=matched,
        strange_song=strange_song,
        unmatched=unmatched,
        review=review,
    )


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _organisation(ref: str, kind: str) -> Organisation:
    return Organisation.objects.create(ref=ref, kind=kind, name=ref)


def _user(name: str, organisation: Organisation, role: str) -> User:
    user = User.objects.create_user(f"{name}@garak.example", name=name, language="en")
    Membership.objects.create(user=user, organisation=organisation, role=role, from_date=dt.date(2026, 1, 1))
    return user


def add_party(
    name: str, *, organisation: Organisation | None = None, kind: str = Party.Kind.WRITER, society: str = "118"
) -> Party:
    party = Party.objects.create(name=name, kind=kind, organisation=organisation)
    collector, _made = Society.objects.get_or_create(code=society, defaults={"name": society, "territory": 2136})
    Affiliation.objects.create(party=party, kind=Affiliation.Kind.SOCIETY, society=collector)
    return party


def add_work(title: str, performer: str = "달무리") -> Work:
    work = Work.objects.create(title=title)
    WorkTitle.objects.create(work=work, text=title, script=Script.HANGUL, kind=WorkTitle.Kind.ORIGINAL)
    recording = Recording.objects.create(title=title, performer=performer)
    RecordingWork.objects.create(recording=recording, work=work)
    return work


def add_share(work: Work, party: Party, fraction: Fraction, role: str, right: str) -> Share:
    return Share.objects.create(
        work=work, party=party, role=role, right=right, numerator=fraction.numerator, denominator=fraction.denominator
    )


def add_song(
    title: str,
    *,
    matched_to: Sequence[tuple[Work, Fraction]] = (),
    candidates: Sequence[tuple[Work, int]] = (),
) -> ReportedRecording:
    """A song as a service names it, with its standing match: accepted, to review, or none."""
    number = next(NUMBERS)
    song = ReportedRecording.objects.create(
        key=f"tme:id:{number}",
        id_space="tme",
        song_id=str(number),
        title=title,
        artists="月晕",
        first_report=_first_report(),
    )
    outcome = Match.Outcome.ACCEPTED if matched_to else Match.Outcome.REVIEW if candidates else Match.Outcome.NONE
    match = Match.objects.create(recording=song, outcome=outcome, method="name", probability_permille=900)
    for rank, (work, part) in enumerate(matched_to, start=1):
        MatchWork.objects.create(
            match=match, work=work, rank=rank, numerator=part.numerator, denominator=part.denominator
        )
    for rank, (work, permille) in enumerate(candidates, start=1):
        MatchWork.objects.create(
            match=match, work=work, rank=rank, probability_permille=permille, evidence=dict(EVIDENCE)
        )
    return song


def _first_report() -> Report:
    """Songs name the report that first spoke of them, which the scene makes after them: any older one will do."""
    return Report.objects.first() or add_report([], period=dt.date(2026, 7, 1))


Line = tuple[ReportedRecording, str, int, int]  # song, service, uses, micros


def add_report(
    lines: Sequence[Line],
    *,
    rejected: Sequence[tuple[str, str, str, str, int]] = (),
    period: dt.date = MONTH,
    state: str = Report.State.READY,
    held_reason: str = "",
    source: str = "tme",
) -> Report:
    """A complete report with its lines: the header is line 1, the rejected lines come last."""
    number = next(NUMBERS)
    label = f"statement-{number}.csv"
    report = Report.objects.create(
        source=Source.objects.get(code=source),
        file=StoredFile.objects.create(label=label, sha256=f"{number:064x}", size_bytes=1),
        sha256=f"{number:064x}",
        family="song",
        period=period,
        container="csv",
        state=state,
        held_reason=held_reason,
        basis="" if held_reason == "no_basis" else "whole",
        lines=len(lines) + len(rejected),
        accepted=len(lines),
        rejected=len(rejected),
        songs=len({line[0].pk for line in lines}),
        accepted_micros=sum(line[3] for line in lines),
        rejected_micros=sum(line[4] for line in rejected),
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT royalties_make_partition(%s)", [period])
    store_lines(report, [(song.pk, service, period, uses, micros) for song, service, uses, micros in lines])
    sums: dict[tuple[int, str], list[int]] = {}
    for song, service, uses, micros in lines:
        cell = sums.setdefault((song.pk, service), [0, 0, 0])
        cell[0], cell[1], cell[2] = cell[0] + 1, cell[1] + uses, cell[2] + micros
    SongUsage.objects.bulk_create(
        SongUsage(
            report=report,
            recording_id=song_id,
            service=service,
            usage_month=period,
            lines=cell[0],
            uses=cell[1],
            amount_micros=cell[2],
        )
        for (song_id, service), cell in sums.items()
    )
    for place, (raw, reason, column, value, micros) in enumerate(rejected):
        RejectedLine.objects.create(
            report=report,
            line_no=len(lines) + 2 + place,
            raw=raw,
            reason=reason,
            column=column,
            value=value,
            amount_micros=micros,
        )
    return report


def add_deduction() -> DeductionRule:
    """Nine percent of the gross."""
    return DeductionRule.objects.create(
        kind=DeductionRule.Kind.COMMISSION,
        base=DeductionRule.Base.GROSS,
        position=1,
        numerator=9,
        denominator=100,
        from_date=dt.date(2026, 1, 1),
        text_ko="협회 수수료는 9%예요.",
        text_en="The commission is 9%.",
        text_zh="协会手续费为 9%。",
    )


def receive_money(scene: Scene, *, period: dt.date = MONTH, extra_micros: int = 0) -> Remittance:
    sums = Report.objects.filter(period=period, state=Report.State.READY).aggregate(
        accepted=Sum("accepted_micros"), rejected=Sum("rejected_micros")
    )
    return record_remittance(
        source=Source.objects.get(code="tme"),
        period=period,
        amount_micros=int(sums["accepted"] + sums["rejected"]) + extra_micros,
        currency="CNY",
        rate=RATE,
        rate_date=dt.date(2026, 11, 11),
        actor=scene.staff,
    )


def distribute_all(scene: Scene) -> RunResult:
    receive_money(scene)
    return distribute(period=PAID_IN, actor=scene.staff)
