"""What people changed, newest first, from every room's own record: the page an auditor reads beside the ledger.

Each record is read by a key that only grows, newest first, so a page costs the same wherever it stands. The cursor is the
last key shown of each.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from claims.models import CaseEvent
from portal.accounts.access import Reader, sees_everything
from portal.accounts.models import Membership, User
from portal.lib import wording
from portal.lib.keyset import DamagedCursor
from royalties.models import (
    DeclaredTotal,
    DistributionRun,
    Match,
    Rematch,
    Remittance,
    Report,
    ReportDecision,
    ReportingCalendar,
    SourceProfile,
    StaffDecision,
)
from works.history import ACTIONS
from works.models import CatalogueUpload, ChangeLog

ROWS: Final = 50
SEPARATOR: Final = "~"
LARGEST: Final = 10**17  # no table has more rows, and as microseconds it is the year 5138
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
IN_BULK: Final = (
    "work.registered",
    "work.extended",
)  # a catalogue writes thousands of these: its upload stands for them
KINDS: Final[dict[str, Promise]] = {
    "register": gettext_lazy("Register"),
    "songs": gettext_lazy("Matches"),
    "money": gettext_lazy("Money"),
    "cases": gettext_lazy("Cases"),
    "files": gettext_lazy("Files"),
    "people": gettext_lazy("People"),
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """Who did what, when; `about` names it and `url` leads to it; `why` is what the person wrote."""

    at: dt.datetime
    who: str
    what: str
    about: str
    url: str
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One room's record: its rows, the growing column they are read by, and how a row reads as a change."""

    kind: str
    rows: Callable[[], QuerySet[Any]]
    read: Callable[[Any], Change]
    key: str = "pk"  # or a moment
    apart: Q | None = None  # rows that stand only in the list of their own kind


# ── how each record reads ───────────────────────────────────────────────────────────────────────────────────────────────


def _name(person: User | None) -> str:
    return person.name if person else wording.MISSING


def _register(row: ChangeLog) -> Change:
    about, url = wording.MISSING, ""
    if row.work:
        about, url = row.work.title, reverse("works:detail", args=[row.work.ref])
    elif row.party:
        about, url = row.party.name, reverse("works:party", args=[row.party.ref])
    return Change(
        at=row.created_at,
        who=_name(row.actor),
        what=str(ACTIONS.get(row.action, row.action)),
        about=about,
        url=url,
        why=row.reason,
    )


def _match(row: Match) -> Change:
    return Change(
        at=row.created_at,
        who=_name(row.decided_by),
        what=_("A song was matched by a person"),
        about=row.recording.title,
        url=reverse("royalties:song", args=[row.recording.ref]),
        why=row.reason,
    )


def _decision(row: StaffDecision) -> Change:
    title, ref = getattr(row, "song_title", None) or wording.MISSING, getattr(row, "song_ref", None)
    words = [title] if row.songs == 1 else [title, _("%(count)s songs") % {"count": wording.count(row.songs)}]
    return Change(
        at=row.created_at,
        who=_name(row.actor),
        what=_("In the review: %(decision)s") % {"decision": row.get_action_display()},
        about=" · ".join([*words, *([row.work.title] if row.work else [])]),
        url=reverse("royalties:song", args=[ref]) if ref else "",
        why=row.reason,
    )


def _decisions() -> QuerySet[StaffDecision]:
    """Each with the first of its songs."""
    first = Match.objects.filter(decision=OuterRef("pk")).order_by("pk")
    return StaffDecision.objects.select_related("work", "actor").annotate(
        song_title=Subquery(first.values("recording__title")[:1]), song_ref=Subquery(first.values("recording__ref")[:1])
    )


def _rematch(row: Rematch, at: dt.datetime | None, who: User | None, what: str) -> Change:
    assert at is not None  # noqa: S101 - asked for in RECORDS
    return Change(at=at, who=_name(who), what=what, about=row.ref, url=reverse("royalties:rematch", args=[row.ref]))


def _remittance(row: Remittance) -> Change:
    return Change(
        at=row.created_at,
        who=_name(row.recorded_by),
        what=_("Money received was recorded"),
        about=f"{row.source.name}, {wording.month(row.period)}: {wording.money(row.amount_micros, row.currency)}",
        url=reverse("royalties:remittances"),
    )


def _profile(row: SourceProfile) -> Change:
    return Change(
        at=row.created_at,
        who=_name(row.declared_by),
        what=_("It was declared what a source’s money means"),
        about=f"{row.source.name} · {row.get_basis_display()}",
        url=reverse("royalties:sources"),
        why=row.note,
    )


def _calendar(row: ReportingCalendar) -> Change:
    return Change(
        at=row.created_at,
        who=_name(row.declared_by),
        what=_("It was declared when a source’s reports are due"),
        about=f"{row.source.name} · {wording.month(row.from_date)} · {row.get_kind_display()}",
        url=reverse("royalties:sources"),
        why=row.note,
    )


def _total(row: DeclaredTotal) -> Change:
    said = [wording.count(row.lines)] if row.lines is not None else []
    said += [wording.exact_money(row.micros, row.report.currency)] if row.micros is not None else []
    return Change(
        at=row.created_at,
        who=_name(row.declared_by),
        what=_("It was declared what a report should hold"),
        about=" · ".join([row.report.ref, str(row.get_origin_display()), *said]),
        url=reverse("royalties:report", args=[row.report.ref]),
        why=row.note,
    )


def _run(row: DistributionRun) -> Change:
    return Change(
        at=row.created_at,
        who=_name(row.created_by),
        what=_("Money was distributed"),
        about=f"{wording.month(row.period)} · {row.ref}",
        url=reverse("royalties:run", args=[row.ref]),
    )


def _case_event(row: CaseEvent) -> Change:
    return Change(
        at=row.created_at,
        who=row.who or wording.MISSING,
        what=_("In a case: %(step)s") % {"step": row.get_action_display()},
        about=f"{row.case.ref} · {row.case.work.title}",
        url=reverse("claims:detail", args=[row.case.ref]),
        why=row.text,
    )


def _report(row: Report) -> Change:
    return Change(
        at=row.created_at,
        who=_name(row.uploaded_by),
        what=_("A report was brought"),
        about=f"{row.source.name}, {wording.month(row.period)} · {row.ref}",
        url=reverse("royalties:report", args=[row.ref]),
    )


def _report_decision(row: ReportDecision) -> Change:
    return Change(
        at=row.created_at,
        who=_name(row.actor),
        what=_("Of a report was said: %(decision)s") % {"decision": row.get_choice_display()},
        about=f"{row.report.source.name}, {wording.month(row.report.period)} · {row.report.ref}",
        url=reverse("royalties:report", args=[row.report.ref]),
        why=row.reason,
    )


def _upload(row: CatalogueUpload) -> Change:
    return Change(
        at=row.created_at,
        who=_name(row.uploaded_by),
        what=_("A catalogue was brought"),
        about=f"{row.organisation.name} · {row.ref}",
        url=reverse("works:upload", args=[row.ref]),
    )


def _given(row: Membership) -> Change:
    return Change(
        at=row.created_at,
        who=_name(row.appointed_by),
        what=_("A role was given: %(role)s") % {"role": row.get_role_display()},
        about=f"{row.user.name} · {row.organisation.name}",
        url=_person(row),
        why=row.mandate,
    )


def _taken_back(row: Membership) -> Change:
    assert row.ended_at is not None  # noqa: S101 - asked for in RECORDS
    return Change(
        at=row.ended_at,
        who=_name(row.ended_by),
        what=_("A role was taken back: %(role)s") % {"role": row.get_role_display()},
        about=f"{row.user.name} · {row.organisation.name}",
        url=_person(row),
    )


def _person(row: Membership) -> str:
    return f"{reverse('people')}?{urlencode({'q': row.user.email})}"


RECORDS: Final = (
    Record(
        kind="register",
        rows=lambda: ChangeLog.objects.select_related("work", "party", "actor"),
        read=_register,
        apart=Q(action__in=IN_BULK),
    ),
    Record(
        kind="songs",
        rows=lambda: Match.objects.filter(
            decided_by__isnull=False, outcome=Match.Outcome.ACCEPTED, decision__isnull=True
        ).select_related("recording", "decided_by"),
        read=_match,
    ),
    Record(kind="songs", rows=_decisions, read=_decision),
    Record(
        kind="songs",
        rows=lambda: Rematch.objects.filter(applied_at__isnull=False).select_related("applied_by"),
        read=lambda row: _rematch(row, row.applied_at, row.applied_by, _("A new matching was applied")),
        key="applied_at",
    ),
    Record(
        kind="songs",
        rows=lambda: Rematch.objects.filter(undone_at__isnull=False).select_related("undone_by"),
        read=lambda row: _rematch(row, row.undone_at, row.undone_by, _("A new matching was taken back")),
        key="undone_at",
    ),
    Record(
        kind="money",
        rows=lambda: Remittance.objects.select_related("source", "recorded_by"),
        read=_remittance,
    ),
    Record(
        kind="money",
        rows=lambda: SourceProfile.objects.select_related("source", "declared_by"),
        read=_profile,
    ),
    Record(
        kind="files",
        rows=lambda: ReportingCalendar.objects.select_related("source", "declared_by"),
        read=_calendar,
    ),
    Record(
        kind="files",
        rows=lambda: DeclaredTotal.objects.filter(declared_by__isnull=False).select_related("report", "declared_by"),
        read=_total,
    ),
    Record(kind="money", rows=lambda: DistributionRun.objects.select_related("created_by"), read=_run),
    Record(kind="cases", rows=lambda: CaseEvent.objects.select_related("case__work", "actor"), read=_case_event),
    Record(kind="files", rows=lambda: Report.objects.select_related("source", "uploaded_by"), read=_report),
    Record(
        kind="files",
        rows=lambda: ReportDecision.objects.select_related("report__source", "actor"),
        read=_report_decision,
    ),
    Record(
        kind="files",
        rows=lambda: CatalogueUpload.objects.select_related("organisation", "uploaded_by"),
        read=_upload,
    ),
    Record(
        kind="people",
        rows=lambda: Membership.objects.select_related("user", "organisation", "appointed_by"),
        read=_given,
    ),
    Record(
        kind="people",
        rows=lambda: Membership.objects.filter(ended_at__isnull=False).select_related(
            "user", "organisation", "ended_by"
        ),
        read=_taken_back,
        key="ended_at",
    ),
)


# ── reading them together ───────────────────────────────────────────────────────────────────────────────────────────────


def newest_changes(user: Reader, *, at_most: int) -> list[Change]:
    return page_of_changes(user, kind="", after="", size=at_most)[0]


def page_of_changes(user: Reader, *, kind: str, after: str, size: int = ROWS) -> tuple[list[Change], str]:
    """A page of the changes of one kind, or of all, and the cursor of the next one (empty at the end).

    Whoever does not see everything reads nothing. Raises DamagedCursor for a cursor that this list did not make.
    """
    if not sees_everything(user):
        return [], ""
    records = [record for record in RECORDS if kind in ("", record.kind)]
    last = _read_cursor(after, len(records))
    streams = [_stream(place, record, last[place], alone=bool(kind), size=size) for place, record in enumerate(records)]
    merged = heapq.merge(*streams, key=lambda found: found[1].at, reverse=True)
    shown: list[Change] = []
    for place, change, key in merged:
        if len(shown) == size:
            return shown, SEPARATOR.join(str(each) for each in last)
        shown.append(change)
        last[place] = key
    return shown, ""


def _stream(place: int, record: Record, last: int, *, alone: bool, size: int) -> Iterator[tuple[int, Change, int]]:
    rows = record.rows()
    if record.apart is not None and not alone:
        rows = rows.exclude(record.apart)
    if last:
        beyond = last if record.key == "pk" else EPOCH + dt.timedelta(microseconds=last)
        rows = rows.filter(**{f"{record.key}__lt": beyond})
    for row in rows.order_by(f"-{record.key}")[: size + 1]:
        key = getattr(row, record.key)
        yield place, record.read(row), key if record.key == "pk" else (key - EPOCH) // dt.timedelta(microseconds=1)


def _read_cursor(after: str, records: int) -> list[int]:
    if not after:
        return [0] * records
    texts = after.split(SEPARATOR)
    if len(texts) != records or not all(text.isascii() and text.isdigit() and int(text) < LARGEST for text in texts):
        raise DamagedCursor
    return [int(text) for text in texts]
