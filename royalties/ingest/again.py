"""A report's file read again: in another encoding, by another mapping or other rules, or as a correction, while no money of it
has moved.

Lines are never changed or taken away, so the file becomes a further report, and the one that was read wrongly stays beside it,
set aside. Nothing is lost, and nothing of the wrong reading counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.files.guards import extension_of
from portal.lib.errors import DomainError
from royalties.declared import copy_totals_of
from royalties.ingest.receive import begin, known_encoding, try_again
from royalties.ledger import lock_payees
from royalties.models import Earning, Match, Pool, Report, ReportedRecording, Source
from royalties.money_in import attach_waiting
from royalties.reports.base import RulesHaveChanged
from royalties.reports.csv_lines import codec_of
from royalties.services import set_aside

SETTLED: Final = (
    Report.State.READY,
    Report.State.HELD,
    Report.State.STOPPED,
    Report.State.REFUSED,
    Report.State.MAPPING,
)
NOTHING_TAKEN: Final = (Report.State.REFUSED, Report.State.MAPPING)  # such a report begins anew as itself


class ReportIsUnderWay(DomainError):
    code = "report-is-under-way"
    status = 409
    sentence = _("Report %(ref)s is being read just now.")
    remedy = _("Wait until it is done, then look at its first lines again.")


class ReportIsSuperseded(DomainError):
    code = "report-is-superseded"
    status = 409
    sentence = _("The file of report %(ref)s has been read again already, as report %(again)s.")
    remedy = _("Open report %(again)s.")


class ReportIsPaid(DomainError):
    code = "report-is-paid"
    status = 409
    sentence = _("Report %(ref)s has money assigned to it, so its file cannot be read again in its place.")
    remedy = _("Withdraw the report, then bring its file again and say how its letters are written.")


class SheetSaysItself(DomainError):
    code = "sheet-says-itself"
    sentence = _("The file of report %(ref)s is a spreadsheet, which says itself how its letters are written.")
    remedy = _("If letters are wrong in it, they were wrong when it was saved: ask whoever sent it for another file.")


@transaction.atomic
def read_report_again(*, report: Report, encoding: str, actor: User | None, bell: bool = True) -> Report:
    """Have the file of a report read again in an encoding, or as the bytes decide; returns the report to look at now.

    In the encoding in which it was read, it changes nothing. One that was refused begins anew. Raises ReportIsUnderWay,
    ReportIsSuperseded, SheetSaysItself, EncodingIsUnknown, and ReportIsPaid once its money was released.
    """
    known_encoding(encoding)
    old = lock_settled(report)
    if extension_of(old.file.label) == "xlsx" and old.error_code != RulesHaveChanged.code:
        raise SheetSaysItself(ref=old.ref)
    if old.state in NOTHING_TAKEN:
        try_again(old, old.file, {"encoding_asked": encoding}, bell=bell)
        return old
    if encoding in {old.encoding_asked, codec_of(old.encoding)} and old.state != Report.State.STOPPED:
        return old
    return take_its_place(old, {"encoding_asked": encoding, "period": old.period}, actor, bell=bell)


def lock_settled(report: Report) -> Report:
    """Lock a report that nobody works on. Raises ReportIsUnderWay, ReportIsSuperseded."""
    lock_payees()  # a distribution under way has already read what is changed here
    Source.objects.select_for_update(no_key=True).get(pk=report.source_id)
    old = Report.objects.select_related("file", "source").select_for_update(of=("self",), no_key=True).get(pk=report.pk)
    if old.superseded_at is not None:
        raise ReportIsSuperseded(ref=old.ref, again=old.read_again_as.ref)
    if old.state not in SETTLED:
        raise ReportIsUnderWay(ref=old.ref)
    return old


def take_its_place(old: Report, stated: Mapping[str, Any], actor: User | None, *, bell: bool) -> Report:
    """A further report of the same file, with what is stated this time. Raises ReportIsPaid."""
    if old.pools.filter(state=Pool.State.RELEASED).exists() or old.withdrawn_at is not None:
        raise ReportIsPaid(ref=old.ref)
    set_aside(old)
    old.superseded_at = timezone.now()
    old.save(update_fields=["superseded_at"])
    new = Report.objects.create(
        source=old.source,
        file=old.file,
        sha256=old.sha256,
        currency=old.source.currency,
        uploaded_by=actor,
        reads_again=old,
        **{"kind": old.kind, **stated},
    )
    new.concerns.set(old.concerns.all())
    copy_totals_of(old, new)
    _name_songs_anew(old, new)
    begin(new, actor, bell=bell)
    attach_waiting()
    return new


@transaction.atomic
def read_as_correction(*, report: Report, corrects: Sequence[Report], actor: User | None, bell: bool = True) -> Report:
    """Have the file of a held report read again as differences to other reports, whose amounts may be less than nothing.

    The caller has locked the report, which no money has been released for.
    """
    stated = {"encoding_asked": report.encoding_asked, "period": report.period, "kind": Report.Kind.CORRECTION}
    new = take_its_place(report, stated, actor, bell=bell)
    new.concerns.set(corrects)
    return new


def _name_songs_anew(old: Report, new: Report) -> None:
    """Songs that the old report named first get their names from the new one, and are matched by these.

    What people decided stands, and so does what was paid by.
    """
    songs = ReportedRecording.objects.filter(first_report=old).exclude(song_id="")
    paid = Earning.objects.standing().filter(song_usage__recording=OuterRef("recording"))
    by_matcher = Match.objects.filter(recording__in=songs, superseded_at__isnull=True, decided_by__isnull=True)
    by_matcher.exclude(method="staff").exclude(Exists(paid)).update(superseded_at=timezone.now())
    songs.update(
        first_report=new, title="", artists="", album="", isrc="", iswc="", writers="", ipis="", duration_seconds=None
    )
