"""Pages of the register: the works, one work, and the catalogues that publishers send."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from django.contrib import messages
from django.db.models import Prefetch
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from portal.accounts.access import may_claim, only, rights_holders_of, sees_everything
from portal.accounts.models import User
from portal.jobs.models import Job
from portal.lib import wording
from portal.lib.errors import DomainError
from portal.lib.http import as_refusal
from portal.lib.keyset import page_of, whole
from works import access
from works.catalogue.base import ParseProblem
from works.downloads import file_of_rows_to_mend, template_file
from works.forms import CatalogueForm, NameForm
from works.history import ACTIONS
from works.models import (
    CatalogueRow,
    CatalogueUpload,
    ChangeLog,
    Party,
    Recording,
    RecordingTitle,
    Right,
    Share,
    Work,
    WorkTitle,
)
from works.ownership import own_shares, rights_owned
from works.services import CatalogueFigures, catalogue_figures, jobs_of, receive_catalogue, rows_to_mend_of

COLUMNS_SHOWN: Final = ("title", "party", "role", "performing_share", "mechanical_share")
NAMES_SHOWN: Final = 50  # of a work or a party; the bank lists them all


# ── works ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@require_GET
@only(*access.WORK_READERS)
def list_works(request: HttpRequest) -> HttpResponse:
    """The works one may see, newest first; ?q= searches titles in any script and numbers."""
    text = request.GET.get("q", "").strip()
    works = Work.objects.visible_to(request.user).search(text).select_related("registered_by", "merged_into")
    works = works if text else works.standing()
    page = page_of(
        works.prefetch_related(Prefetch("titles", WorkTitle.objects.standing()), "parts__recording"),
        keys=(whole("id", descending=True),),
        after=request.GET.get("after", ""),
    )
    own = own_shares(request.user, page.rows)
    acts_for_several = len(rights_holders_of(request.user)) > 1
    context = {
        "text": text,
        "rows": [
            {
                "work": work,
                "other_titles": [title for title in work.titles.all() if title.text != work.title],
                "performers": list(
                    dict.fromkeys(part.recording.performer for part in work.parts.all() if part.recording.performer)
                ),
                "own": [
                    (held.holder.name if acts_for_several else "", str(Right(held.right).label), held.share)
                    for held in own[work.pk]
                ],
            }
            for work in page.rows
        ],
        "cursor": page.more,
        "sees_everything": sees_everything(request.user),
        "may_upload": bool(access.organisations_to_upload_for(request.user)),
    }
    return render(request, "works/list.html", context)


@require_GET
@only(*access.WORK_READERS)
def show_work(request: HttpRequest, ref: str) -> HttpResponse:
    """One work: its names, recordings, who owns it and who collects, and everything that ever changed."""
    return work_page(request, access.get_work(request.user, ref))


def work_page(
    request: HttpRequest, work: Work, *, name_form: NameForm | None = None, status: int = 200
) -> HttpResponse:
    """Also with the form that somebody has not filled in rightly."""
    today = timezone.localdate()
    recordings = list(Recording.objects.filter(parts__work=work).order_by("pk"))
    titles = work.titles.standing().with_state()
    of_recordings = RecordingTitle.objects.standing().with_state().filter(recording__in=recordings)
    may_name = access.may_name(request.user, work)
    rights = [] if work.merged_into else rights_owned(work, today)
    shown = {part.share.pk for right in rights for part in right.parts}
    other_shares = (
        work.shares.standing().exclude(pk__in=shown).select_related("party").order_by("right", "from_date", "pk")
    )
    context = {
        "work": work,
        "names": [
            *titles.select_related("work", "said_for").order_by("pk")[:NAMES_SHOWN],
            *of_recordings.select_related("recording", "said_for").order_by("pk")[:NAMES_SHOWN],
        ],
        "names_left": max(0, titles.count() - NAMES_SHOWN) + max(0, of_recordings.count() - NAMES_SHOWN),
        "recordings": recordings,
        "performers": Party.objects.filter(performed_works__work=work).order_by("name", "pk"),
        "form": name_form or (NameForm(recordings=recordings) if may_name else None),
        "rights": rights,
        "other_shares": other_shares,
        "changes": [
            _change(change) for change in work.changes.select_related("actor").order_by("-created_at", "-pk")[:100]
        ],
        "today": today,
        "may_claim": may_claim(request.user),
        "society": sees_everything(request.user),
        "came_from": work.merged_works.visible_to(request.user).order_by("pk"),
        "sees_survivor": Work.objects.visible_to(request.user).filter(merged_works=work).exists(),
    }
    return render(request, "works/detail.html", context, status=status)


def _change(change: ChangeLog) -> dict[str, Any]:
    """A row of history with its action in words, what it names, and for a share that ended what it was and what followed."""
    data = change.data
    ended = change.action == "share.replaced"
    return {
        "change": change,
        "action": str(ACTIONS.get(change.action, change.action)),
        "names": [*data.get("titles", ()), *data.get("recordings", ())],
        "shares": [_share_in_words(share) for share in data.get("shares", ())],
        "before": _share_in_words(data) if ended else "",
        "after": [_share_in_words(part) for part in data.get("parts", ())],
    }


def _share_in_words(share: Mapping[str, str]) -> str:
    labels = [
        Share.Role(share["role"]).label if "role" in share else "",
        Right(share["right"]).label if "right" in share else "",
    ]
    return " ".join([*(str(label) for label in labels if label), wording.share(Fraction(share["fraction"]))])


# ── catalogues ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "HEAD", "POST"])
@only(*access.CATALOGUE_READERS)
def uploads(request: HttpRequest) -> HttpResponse:
    """The catalogues that were sent, and for those who may, the form to send one."""
    organisations = access.organisations_to_upload_for(request.user)
    if request.method == "POST" and not organisations:
        raise Http404
    form = (
        CatalogueForm(request.POST or None, request.FILES or None, organisations=organisations)
        if organisations
        else None
    )
    refused: DomainError | None = None
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            return redirect("works:upload", _receive(request, form).ref)
        except DomainError as error:
            form.add_error("file", str(error))
            refused = error
    page = page_of(
        CatalogueUpload.objects.visible_to(request.user).select_related("organisation", "file"),
        keys=(whole("id", descending=True),),
        after=request.GET.get("after", ""),
    )
    jobs = jobs_of(page.rows)
    to_mend = rows_to_mend_of(page.rows)
    context = {
        "form": form,
        "rows": [
            {"upload": upload, "job": jobs.get(upload.pk), "to_mend": to_mend.get(upload.pk, 0)} for upload in page.rows
        ],
        "cursor": page.more,
        "sees_everything": sees_everything(request.user),
    }
    shown = render(request, "works/uploads.html", context, status=400 if form is not None and form.errors else 200)
    return as_refusal(shown, refused) if refused else shown


def _receive(request: HttpRequest, form: CatalogueForm) -> CatalogueUpload:
    """Raises what receive_catalogue raises."""
    organisation, file = form.chosen()
    user = request.user if isinstance(request.user, User) else None
    upload, _job = receive_catalogue(
        stream=file,
        label=file.name or "",
        organisation=organisation,
        user=user,
        encoding=form.cleaned_data["encoding"],
    )
    said = (
        _("We have your file. Its letters were read as %(encoding)s.") if upload.encoding else _("We have your file.")
    )
    messages.success(request, said % {"encoding": upload.encoding})
    return upload


@require_GET
@only(*access.CATALOGUE_READERS)
def show_upload(request: HttpRequest, ref: str) -> HttpResponse:
    """What became of every row; ?outcome= shows one kind. Rows to mend come first to mind, so they are the first tab."""
    upload = access.get_upload(request.user, ref)
    context = _progress(request, upload)
    if context["figures"]:
        outcome = request.GET.get("outcome", "")
        rows = CatalogueRow.objects.filter(upload=upload).select_related("work")
        if outcome in CatalogueRow.Outcome.values:
            rows = rows.filter(outcome=outcome)
        page = page_of(rows, keys=(whole("row_no"),), after=request.GET.get("after", ""))
        context |= {
            "outcome": outcome,
            "tabs": _tabs(context["figures"]),
            "rows": [_row(row) for row in page.rows],
            "cursor": page.more,
            "sent_again_in": CatalogueUpload.objects.filter(
                pk__in=CatalogueRow.objects.filter(upload=upload).values("sent_again_in")
            ).order_by("pk"),
        }
    return render(request, "works/upload.html", context)


@require_GET
@only(*access.CATALOGUE_READERS)
def upload_progress(request: HttpRequest, ref: str) -> HttpResponse:
    """The part of the page that moves while the worker registers; when it is done, the whole page is asked for again."""
    context = _progress(request, access.get_upload(request.user, ref))
    response = render(request, "works/_upload_state.html", context)
    if not context["under_way"] and request.headers.get("HX-Request"):
        response.headers["HX-Refresh"] = "true"
    return response


def _progress(request: HttpRequest, upload: CatalogueUpload) -> dict[str, Any]:
    job = jobs_of([upload]).get(upload.pk)
    under_way = job is not None and job.state in {Job.State.WAITING, Job.State.RUNNING}
    return {
        "upload": upload,
        "job": job,
        "under_way": under_way,
        "progress": job.units_done if job is not None and job.stage == "works" else 0,
        "figures": None if under_way or upload.refusal else catalogue_figures(upload),
        "society": sees_everything(request.user),
    }


def _tabs(figures: CatalogueFigures) -> list[tuple[str, str, int | None]]:
    """Value, words and the number of works (of rows where they are to mend) for each tab."""
    counts = {
        CatalogueRow.Outcome.TO_MEND: figures.to_mend,
        CatalogueRow.Outcome.REGISTERED: figures.registered,
        CatalogueRow.Outcome.DUPLICATE: figures.duplicates,
        CatalogueRow.Outcome.CONFLICT: figures.conflicts,
        CatalogueRow.Outcome.SENT_AGAIN: figures.sent_again,
        CatalogueRow.Outcome.WAITING: figures.waiting,
    }
    rare = {CatalogueRow.Outcome.SENT_AGAIN, CatalogueRow.Outcome.WAITING}
    return [
        ("", _("All rows"), figures.rows),
        *((str(value), str(value.label), count) for value, count in counts.items() if count or value not in rare),
    ]


def _row(row: CatalogueRow) -> dict[str, Any]:
    problems = [ParseProblem.from_json(row.row_no, stored) for stored in row.problems]
    return {
        "row": row,
        "work_ref": row.values.get("work_ref", ""),
        "cells": {column: row.values.get(column, "") for column in COLUMNS_SHOWN},
        "problems": [(problem, problem.value not in problem.sentence) for problem in problems],
    }


@require_GET
@only(*access.CATALOGUE_READERS)
def download_template(request: HttpRequest, extension: str) -> HttpResponse:
    """The empty template; as a spreadsheet, explained in the reader's language."""
    return template_file(extension)


@require_GET
def download_rows_to_mend(request: HttpRequest, ref: str, extension: str) -> FileResponse:
    """The rows to mend with what is wrong with them, to be mended and sent again."""
    return file_of_rows_to_mend(access.get_upload(request.user, ref), extension)
