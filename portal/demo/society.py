"""The invented society with its members, publishers and service, and what it has declared. Safe to run again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from portal.accounts.models import Membership, Organisation, Role, User
from portal.accounts.services import appoint_delegate
from portal.demo.catalogue import PUBLISHERS, write_catalogue
from royalties.calendars import declare_calendar
from royalties.models import DeductionRule, ReportingCalendar, Source
from royalties.reporting import month_after
from works.models import Party

PASSWORD: Final = "garak-demo-2026"
SINCE: Final = dt.date(2026, 1, 1)
K, D = Organisation.Kind, Role


@dataclass(frozen=True)
class Seat:
    """Who signs in, for whom, as what, in which language. A songwriter's desk belongs to the party of that name.

    A delegate comes after the songwriter, who appoints her.
    """

    email: str
    name: str
    organisation: str
    role: str
    language: str = "ko"
    party: str = ""


ORGANISATIONS: Final = [
    ("GARAK", K.SOCIETY, "가락음악저작권협회"),
    ("SVC-TME", K.SERVICE, "腾讯音乐（演示）"),
    ("DESK-HAEON", K.DESK, "도해온"),
    ("DESK-GAON", K.DESK, "류가온"),
    *[(firm.ref, K.PUBLISHER, firm.name) for firm in PUBLISHERS],
]
SEATS: Final = [
    Seat("writer@garak.example", "도해온", "DESK-HAEON", D.SONGWRITER, party="도해온"),
    Seat("writer2@garak.example", "류가온", "DESK-GAON", D.SONGWRITER, party="류가온"),
    Seat("manager@garak.example", "노을찬", "DESK-HAEON", D.DELEGATE),
    Seat("publisher@garak.example", "민들레윤", "PUB-DALBIT", D.PUBLISHER_SUPER),
    Seat("finance@garak.example", "정산해", "PUB-DALBIT", D.PUBLISHER_FINANCE),
    Seat("copyright@garak.example", "권리안", "PUB-DALBIT", D.PUBLISHER_COPYRIGHT),
    Seat("georum@garak.example", "거름솔", "PUB-GEORUM", D.PUBLISHER_SUPER),
    Seat("staff@garak.example", "하람결", "GARAK", D.STAFF),
    Seat("staff2@garak.example", "이음새", "GARAK", D.STAFF),
    Seat("auditor@garak.example", "감사랑", "GARAK", D.AUDITOR),
    Seat(
        "service@garak.example",
        "叶知远",
        "SVC-TME",
        D.SERVICE_CONTACT,
        language="zh-hans",
    ),
]


def user(role: str) -> User:
    """The first demo user of a role."""
    seat = next(seat for seat in SEATS if seat.role == role)
    return User.objects.get(email=seat.email)


def second_of_staff() -> User:
    """Who distributes what the first has recorded, as the auditor hopes."""
    return User.objects.get(email="staff2@garak.example")


@transaction.atomic
def make_people() -> None:
    """Organisations, users and memberships."""
    for ref, kind, name in ORGANISATIONS:
        Organisation.objects.get_or_create(ref=ref, defaults={"kind": kind, "name": name})
    for seat in SEATS:
        person = User.objects.filter(email=seat.email).first()
        if person is None:
            person = User.objects.create_user(seat.email, PASSWORD, name=seat.name, language=seat.language)
        organisation = Organisation.objects.get(ref=seat.organisation)
        if seat.role == D.DELEGATE:
            appoint(person, organisation)
        else:
            Membership.objects.get_or_create(user=person, organisation=organisation, role=seat.role, from_date=SINCE)
    Source.objects.filter(code="tme").update(organisation=Organisation.objects.get(ref="SVC-TME"))


def appoint(person: User, desk: Organisation) -> None:
    """The desk's songwriter lets this person act until the end of next year, unless she does already."""
    if Membership.objects.in_force().filter(user=person, organisation=desk).exists():
        return
    writer = Membership.objects.in_force().get(organisation=desk, role=D.SONGWRITER).user
    last_date = dt.date(timezone.localdate().year + 1, 12, 31)
    appoint_delegate(desk=desk, email=person.email, last_date=last_date, actor=writer)


def declare_deductions() -> None:
    """The society's commission and the withholding tax: invented rates, with the text a member reads."""
    rules = [
        (
            DeductionRule.Kind.COMMISSION,
            DeductionRule.Base.GROSS,
            9,
            100,
            "협회 수수료: 총 사용료의 9%예요.",
            "The society's commission is 9% of the gross amount.",
            "协会手续费：总金额的 9%。",
        ),
        (
            DeductionRule.Kind.WITHHOLDING,
            DeductionRule.Base.REMAINING,
            33,
            1000,
            "원천징수: 수수료를 뺀 금액의 3.3%예요.",
            "Withholding tax is 3.3% of what remains after commission.",
            "代扣税：扣除手续费后金额的 3.3%。",
        ),
    ]
    for position, (kind, base, numerator, denominator, ko, en, zh) in enumerate(rules, 1):
        DeductionRule.objects.get_or_create(
            kind=kind,
            from_date=SINCE,
            defaults={
                "base": base,
                "position": position,
                "numerator": numerator,
                "denominator": denominator,
                "text_ko": ko,
                "text_en": en,
                "text_zh": zh,
            },
        )


def declare_calendars() -> None:
    """When two sources report. Of MCSC nothing has come, so that of the months before this one is late or missing."""
    if ReportingCalendar.objects.exists():
        return
    this_month = timezone.localdate().replace(day=1)
    staff = user(Role.STAFF)
    declare_calendar(
        source=Source.objects.get(code="tme"),
        family="song",
        from_date=dt.date(2026, 8, 1),
        kind=ReportingCalendar.Kind.DAYS_AFTER,
        number=90,
        missing_after=30,
        note="데모용으로 지어낸 계약서 4조: 사용월이 끝나고 90일 안에 보내요.",
        actor=staff,
    )
    declare_calendar(
        source=Source.objects.get(code="mcsc"),
        family="",
        from_date=month_after(this_month, -2),
        kind=ReportingCalendar.Kind.DAY_OF_NEXT,
        number=5,
        missing_after=26,
        note="데모용으로 지어낸 협약: 다음 달 5일까지 보내요.",
        actor=staff,
    )


def register_catalogues(folder: Path) -> None:
    """Every publisher's catalogue through the ordinary import; then the parties find their organisations."""
    for firm in PUBLISHERS:
        call_command(
            "import_catalogue",
            str(write_catalogue(firm, folder)),
            publisher=firm.ref,
            verbosity=0,
        )
        Party.objects.filter(name=firm.name, kind=Party.Kind.PUBLISHER, organisation=None).update(
            organisation=Organisation.objects.get(ref=firm.ref)
        )
    for seat in SEATS:
        if seat.party:
            Party.objects.filter(name=seat.party, kind=Party.Kind.WRITER, organisation=None).update(
                organisation=Organisation.objects.get(ref=seat.organisation)
            )


def make_society(folder: Path) -> None:
    """Everything that must stand before the first report comes in."""
    make_people()
    declare_deductions()
    declare_calendars()
    register_catalogues(folder)
