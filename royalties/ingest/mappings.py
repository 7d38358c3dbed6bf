"""Staff say what the columns of a table mean; the report is read by it at once, and so is what waits with the same columns."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.lib.errors import DomainError
from royalties.ingest.again import NOTHING_TAKEN, lock_settled, take_its_place
from royalties.ingest.receive import try_again
from royalties.models import Basis, FirstLines, Mapping, Report
from royalties.reports import mapped
from royalties.reports.formats import FORMATS

FIXED: Final = frozenset(FORMATS)  # families that have a format of their own
NAME_LETTERS: Final = 20


class NameIsOfAFormat(DomainError):
    code = "name-is-of-a-format"
    sentence = _("“%(name)s” is the name of a format that the portal knows by itself.")
    remedy = _("Give this mapping another name.")


class NameIsTaken(DomainError):
    code = "name-is-taken"
    status = 409
    sentence = _("There is a mapping “%(name)s” of %(source)s already, with other columns.")
    remedy = _("Give this one another name, or say that it takes the place of that one.")


class MappingHasChanged(DomainError):
    code = "mapping-has-changed"
    status = 409
    sentence = _("%(who)s has saved version %(version)s of “%(name)s” in the meantime.")
    remedy = _("Look at the columns again before you save.")


class ColumnsAreNotKept(DomainError):
    code = "columns-are-not-kept"
    status = 409
    sentence = _(
        "The columns of report %(ref)s are not to be mapped: it is read by a format of its own, or not at all."
    )
    remedy = _("If lines of it were read wrongly, look at its rejected lines and tell the people who run the portal.")


@dataclass(frozen=True, kw_only=True)
class Said:
    """What staff say of a table: the facts of a Mapping, and of this file the month it is for, where no column says it."""

    name: str
    headers: list[str]
    header_line: int
    columns: dict[str, list[mapped.Named]]
    constants: dict[str, str] = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)
    totals: list[str] = field(default_factory=list)
    services: dict[str, str] = field(default_factory=dict)
    basis: str = ""
    month: dt.date | None = None

    def as_mapping(self, report: Report) -> Mapping:
        """A mapping that is not saved: to see how lines would be read by it."""
        return Mapping(source=report.source, **self.facts())

    def facts(self) -> dict[str, Any]:
        """The facts of a Mapping. What names no money, and each who gets some, is of one basis alone."""
        return {
            "name": self.name,
            "headers": self.headers,
            "header_line": self.header_line,
            "fingerprint": mapped.fingerprint_of(self.columns),
            "columns": {meaning: [list(named) for named in its] for meaning, its in self.columns.items()},
            "constants": self.constants,
            "numbers": self.numbers,
            "totals": self.totals,
            "services": self.services,
            "basis": self.basis if "money" in self.columns else Basis.USAGE,
        }


def first_lines_of(report: Report) -> FirstLines:
    """The first lines of a report whose columns are mapped. Raises ColumnsAreNotKept."""
    kept = FirstLines.objects.filter(report=report).first()
    if kept is None:
        raise ColumnsAreNotKept(ref=report.ref)
    return kept


def mapping_of(report: Report) -> Mapping | None:
    """The mapping by which a report was read, or of one that waits the one that has most of its columns, as it stands now."""
    name = report.reading.get("mapping", {}).get("name") or report.reading.get("nearest")
    return (
        Mapping.objects.filter(source=report.source_id, name=name, superseded_at__isnull=True).first() if name else None
    )


@transaction.atomic
def save_mapping(
    *,
    report: Report,
    said: Said,
    actor: User | None,
    seen: int | None = None,
    replaces: bool = False,
    bell: bool = True,
) -> tuple[Mapping, Report]:
    """Keep what the columns of a report mean, as a version that supersedes the one before, and read the report by it.

    A report of which nothing was taken begins anew; of one that was read, a further report takes the place, as when it is
    read in another encoding, unless it was read so already. Others of the source that wait with the same columns begin too. `seen` is the version that
    the person looked at; with another one standing by now, nothing changes. Returns the report to look at from now on.
    Raises NameIsOfAFormat, NameIsTaken, MappingHasChanged, ReportIsUnderWay, ReportIsSuperseded, ReportIsPaid.
    """
    if said.name in FIXED:
        raise NameIsOfAFormat(name=said.name)
    old = lock_settled(report)
    first_lines_of(old)
    facts = said.facts()
    standing = Mapping.objects.filter(source=old.source, name=said.name, superseded_at__isnull=True).first()
    _require_ours(standing, facts, seen, replaces=replaces)
    if standing is not None and all(getattr(standing, name) == fact for name, fact in facts.items()):
        mapping = standing
    else:
        mapping = _supersede(old, standing, facts, actor)
    now = old
    if old.state in NOTHING_TAKEN:
        try_again(old, old.file, {"period": said.month}, bell=bell)
    elif not _is_read_so(old, mapping, said.month):
        now = take_its_place(old, {"period": said.month, "encoding_asked": old.encoding_asked}, actor, bell=bell)
    _begin_others(mapping, besides=now, bell=bell)
    return mapping, now


def _require_ours(standing: Mapping | None, facts: dict[str, Any], seen: int | None, *, replaces: bool) -> None:
    if standing is None:
        return
    if seen is not None and standing.version != seen:
        raise MappingHasChanged(
            who=standing.made_by.name if standing.made_by else _("somebody"),
            version=standing.version,
            name=standing.name,
        )
    if seen is None and not replaces and standing.fingerprint != facts["fingerprint"]:
        raise NameIsTaken(name=standing.name, source=standing.source.name)


def _supersede(report: Report, standing: Mapping | None, facts: dict[str, Any], actor: User | None) -> Mapping:
    if standing is not None:
        Mapping.objects.filter(pk=standing.pk).update(superseded_at=timezone.now())
    versions = Mapping.objects.filter(source=report.source, name=facts["name"])
    last = versions.aggregate(last=Max("version"))["last"] or 0
    return Mapping.objects.create(source=report.source, version=last + 1, made_by=actor, **facts)


def _is_read_so(report: Report, mapping: Mapping, month: dt.date | None) -> bool:
    """Whether reading it once more would find the same."""
    by = report.reading.get("mapping", {}).get("pk")
    return by == mapping.pk and month in {None, report.period} and report.state != Report.State.STOPPED


def _begin_others(mapping: Mapping, *, besides: Report, bell: bool) -> None:
    """Reports of the source that wait and have the columns of this mapping."""
    waiting = Report.objects.filter(source=mapping.source_id, state=Report.State.MAPPING).exclude(pk=besides.pk)
    for report in (
        waiting.select_related("file", "first_lines").select_for_update(of=("self",), no_key=True).order_by("pk")
    ):
        head = [row if isinstance(row, list) else [] for row in report.first_lines.rows[: mapped.HEAD_LINES]]
        if mapped.find_header(mapping, head) is not None:
            try_again(report, report.file, {}, bell=bell)
