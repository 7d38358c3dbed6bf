"""Declaring until when a source sends its reports. Dated, and never about a month that is over by the rule that stood."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.lib.errors import DomainError
from royalties.models import ReportingCalendar, Source
from royalties.reporting import Kind, Rule, due_day
from royalties.services import NoReason


class CalendarRunsOn(DomainError):
    code = "calendar-runs-on"
    status = 409
    sentence = _("For these reports a calendar from %(month)s on is declared already, and it is not changed.")
    remedy = _("Choose a later month from which the new calendar holds.")


class CalendarWasDue(DomainError):
    code = "calendar-was-due"
    status = 409
    sentence = _("By the calendar that stands, the report of %(month)s was due on %(due)s, and that stays as it is.")
    remedy = _("Choose a month whose report is not due yet.")


class NotADueDay(DomainError):
    code = "not-a-due-day"
    sentence = _("A report cannot be due on that day: %(number)s.")
    remedy = _("State 1 to 366 days after the end of the month, or a day from 1 to 31 of the following month.")


def rule_from(row: ReportingCalendar) -> Rule:
    return Rule(from_month=row.from_date, kind=Kind(row.kind), number=row.number, missing_after=row.missing_after)


@transaction.atomic
def declare_calendar(
    *,
    source: Source,
    family: str,
    from_date: dt.date,
    kind: str,
    number: int | None,
    missing_after: int,
    note: str,
    actor: User | None,
) -> ReportingCalendar:
    """Say from a month on when reports are due, or that none is expected any more. The same again changes nothing.

    Raises NoReason, NotADueDay, CalendarRunsOn, and CalendarWasDue where a month would be judged anew.
    """
    if not note.strip():
        raise NoReason
    from_date = from_date.replace(day=1)
    number = 0 if kind == Kind.ENDED else number or 0
    highest = {Kind.ENDED: 0, Kind.DAYS_AFTER: 366, Kind.DAY_OF_NEXT: 31}[Kind(kind)]
    if kind != Kind.ENDED and not 1 <= number <= highest:
        raise NotADueDay(number=number)
    Source.objects.select_for_update(no_key=True).get(pk=source.pk)
    rows = ReportingCalendar.objects.filter(source=source, family=family)
    latest = rows.order_by("-from_date").first()
    if latest is not None:
        if (latest.from_date, latest.kind, latest.number, latest.missing_after) == (
            from_date, kind, number, missing_after,
        ):  # fmt: skip
            return latest
        _require_still_open(latest, from_date)
    return ReportingCalendar.objects.create(
        source=source,
        family=family,
        from_date=from_date,
        kind=kind,
        number=number,
        missing_after=missing_after,
        note=note.strip(),
        declared_by=actor,
    )


def _require_still_open(latest: ReportingCalendar, from_date: dt.date) -> None:
    """A new rule begins after the one that stands, and with a month that is not due by it."""
    today = timezone.localdate()
    if from_date <= latest.from_date:
        raise CalendarRunsOn(month=f"{latest.from_date:%Y-%m}")
    if latest.kind == Kind.ENDED:
        if from_date < today.replace(day=1):
            raise CalendarRunsOn(month=f"{latest.from_date:%Y-%m}")
        return
    due = due_day(rule_from(latest), from_date)
    if due < today:
        raise CalendarWasDue(month=f"{from_date:%Y-%m}", due=f"{due}")
