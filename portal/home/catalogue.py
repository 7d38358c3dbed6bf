"""Work on songs: rows to mend, conflicts, songs that could be one's own, cases, and what was used."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from claims.models import Case, CaseParty
from claims.rules import TURN, Seat, State
from portal.accounts.access import Reader, organisation_ids
from portal.accounts.models import PUBLISHER_ROLES
from portal.home.tasks import Task, waiting
from royalties.models import Match, MatchWork, ReportedRecording, SongUsage
from works.models import CatalogueRow, CatalogueUpload, Share, ShareConflict, Work

SHOWN: Final = 5


def tasks_of_publisher(user: Reader) -> list[Task]:
    """What waits for a publisher's people."""
    rows = CatalogueRow.objects.filter(upload__in=CatalogueUpload.objects.visible_to(user))
    outcomes = dict(rows.order_by().values_list("outcome").annotate(Count("id")))
    cases = Case.objects.visible_to(user)
    own = organisation_ids(user, *PUBLISHER_ROLES)
    songs = ReportedRecording.objects.visible_to(user).without_owner()
    return waiting(
        Task(outcomes.get("to_mend", 0), _("rows of your catalogue to mend"), "works:uploads"),
        Task(outcomes.get("conflict", 0), _("rows whose shares conflict with others"), "works:uploads"),
        Task(
            cases.filter(state=Case.State.PAPERS_MISSING, claimant__in=own).count(),
            _("cases whose papers you need to complete"),
            "claims:list",
            "?state=papers_missing",
        ),
        Task(cases.open().exclude(claimant__in=own).count(), _("open cases about your shares"), "claims:list"),
        Task(songs.count(), _("songs without an owner: is one of them yours?"), "royalties:unmatched"),
    )


def uploads_of(user: Reader) -> list[CatalogueUpload]:
    """The newest catalogues, each with its rows to mend and in conflict."""
    uploads = CatalogueUpload.objects.visible_to(user).select_related("file")
    to_mend = Count("row_set", filter=Q(row_set__outcome="to_mend"))
    conflicts = Count("row_set", filter=Q(row_set__outcome="conflict"))
    return list(uploads.annotate(to_mend=to_mend, in_conflict=conflicts).order_by("-id")[:SHOWN])


def conflicts_of(user: Reader) -> list[ShareConflict]:
    """Claims that did not fit beside the registered shares, newest first."""
    conflicts = ShareConflict.objects.visible_to(user).select_related("work", "party", "claimant")
    return list(conflicts.order_by("-id")[:SHOWN])


def songs_that_could_be_of(user: Reader, holders: Collection[int]) -> dict[str, Any]:
    """Songs to review for which the matcher names a work of these organisations, likeliest first. Their money is not told."""
    shares = Share.objects.filter(party__organisation__in=holders)
    works = Work.objects.visible_to(user).filter(Q(registered_by__in=holders) | Q(pk__in=shares.values("work")))
    likely = MatchWork.objects.filter(
        match__superseded_at__isnull=True, match__outcome=Match.Outcome.REVIEW, work__in=works
    )
    first = likely.order_by("match", "rank", "id").distinct("match")
    rows = MatchWork.objects.filter(pk__in=first.values("pk")).select_related("match__recording", "work")
    return {
        "count": likely.values("match").distinct().count(),
        "rows": list(rows.order_by("-probability_permille", "id")[:SHOWN]),
    }


def cases_of(user: Reader, holders: Collection[int]) -> list[dict[str, Any]]:
    """Open cases of these organisations, newest first, and whether it is their turn to act."""
    cases = Case.objects.visible_to(user).open().filter(parties__organisation__in=holders).distinct()
    shown = list(cases.select_related("work", "recording").order_by("-id")[:SHOWN])
    sides = CaseParty.objects.filter(case__in=shown, organisation__in=holders).values_list("case", "side")
    seats = {(pk, Seat(side)) for pk, side in sides}
    return [{"case": case, "turn": any((case.pk, seat) in seats for seat in TURN[State(case.state)])} for case in shown]


def usage_of(user: Reader) -> dict[str, Any]:
    """The newest month in which one's works were used, summed as reported."""
    rows = SongUsage.objects.visible_to(user).counted()
    rows = rows.filter(recording__matches__superseded_at__isnull=True, recording__matches__outcome="accepted")
    newest = rows.order_by("-usage_month").values_list("usage_month", flat=True).first()
    if newest is None:
        return {"month": None, "sums": []}
    sums = (
        rows.filter(usage_month=newest)
        .order_by()
        .values("report__currency")
        .annotate(uses=Sum("uses"), money=Sum("amount_micros"), songs=Count("recording", distinct=True))
        .order_by("report__currency")
    )
    return {"month": newest, "sums": list(sums)}
