"""Pages of the name bank: the names one may see, one name with its disputes, one party, and names as a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.access import Reader, is_staff, only, organisation_ids, roles_of, sees_everything, signed_in
from portal.accounts.models import Role
from portal.jobs.models import Job
from portal.lib.errors import DomainError
from portal.lib.keyset import page_of, whole
from works import access
from works.forms import NameFilterForm, NameForm, NamesFileForm, ReasonForm, SettleForm
from works.history import ACTIONS
from works.merging import is_merged, origins_of
from works.models import (
    ChangeLog,
    NameDispute,
    NamesRow,
    NamesUpload,
    Party,
    PartyName,
    Recording,
    RecordingWork,
    Work,
    WorkPerformer,
)
from works.name_files import OF, file_of_names, file_of_rows_to_mend, problems_of
from works.name_imports import jobs_of, receive_names
from works.naming import AnyName, Named, add_name, dispute_name, settle_dispute, withdraw_name
from works.provenance import NameQuerySet
from works.search import rows_with
from works.views import NAMES_SHOWN, work_page

WORKS_SHOWN: Final = 50
HISTORY_SHOWN: Final = 50
RECORDINGS_SHOWN: Final = 20


# ── the bank ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@require_GET
@only(*access.WORK_READERS)
def list_names(request: HttpRequest) -> HttpResponse:
    """Names of works, of people and groups, or of recordings (?of=), by piece, script, kind and state; the newest first."""
    form = NameFilterForm(request.GET)
    of = request.GET.get("of", "")
    of = of if of in OF else "work"
    words = form.cleaned_data.get("q", "") if form.is_valid() else ""
    page = page_of(
        filtered_names(request, of, form).select_related(OF[of].subject_field, "said_for"),
        keys=(whole("id", descending=True),),
        after=request.GET.get("after", ""),
    )
    origins = origins_of(request.user, page.rows)
    its_works = (
        works_of_recordings(request.user, [name.recording_id for name in page.rows]) if of == "recording" else {}
    )
    context = {
        "form": form,
        "of": of,
        "recordings": recordings_called(request.user, words)[:RECORDINGS_SHOWN] if of == "recording" and words else [],
        "tabs": [("work", _("Works")), ("party", _("People and groups")), ("recording", _("Recordings"))],
        "rows": [
            {
                "name": name,
                "work": its_works.get(getattr(name, "recording_id", 0)),
                "came_from": origins.get(name.pk),
            }
            for name in page.rows
        ],
        "names": page.rows,
        "cursor": page.more,
        "asked": any(form.data.get(field) for field in form.fields),
        "sees_files": bool(roles_of(request.user) & {*access.NAMERS, Role.AUDITOR}),
        "disputes": NameDispute.objects.open().visible_to(request.user).count(),
    }
    return render(request, "works/names.html", context)


def recordings_called(user: Reader, words: str) -> QuerySet[RecordingWork]:
    """Recordings in visible works, by a piece of a title of the work, a name of its performer, an ISRC or a number.

    Most have no name but the title they were registered under; here whoever has another one to say finds them.
    """
    performers = PartyName.objects.standing().filter(pk__in=rows_with(PartyName._meta.db_table, "id", "text", words))
    performed = WorkPerformer.objects.filter(party__in=performers.values("party"))
    numbered = RecordingWork.objects.filter(recording__in=Recording.objects.filter(Recording.referred([words.upper()])))
    found = Work.objects.search(words).order_by().values("pk")
    found = found.union(performed.values("work_id"), numbered.values("work_id"))
    works = Work.objects.visible_to(user).filter(pk__in=found)
    return RecordingWork.objects.filter(work__in=works).select_related("recording", "work").order_by("-recording")


def works_of_recordings(user: Reader, recordings: Sequence[int]) -> dict[int, Work]:
    """Recording → a work of it that the user sees, on whose page its names are. One statement."""
    parts = RecordingWork.objects.filter(recording__in=recordings, work__in=Work.objects.visible_to(user))
    return {part.recording_id: part.work for part in parts.select_related("work").order_by("-pk")}


def filtered_names(request: HttpRequest, of: str, form: NameFilterForm) -> NameQuerySet:
    """The names of one tab that the user may see and asked for. Without a state those that stand."""
    names: NameQuerySet = OF[of].objects.visible_to(request.user).with_state()
    chosen = form.cleaned_data if form.is_valid() else {}
    if not is_merged(chosen.get("q", "")):
        names = names.said_once(request.user)
    if chosen.get("q"):
        names = names.search(chosen["q"])
    if chosen.get("script"):
        names = names.filter(script=chosen["script"])
    if chosen.get("kind"):
        names = names.of_kind(chosen["kind"])
    return names.filter(state=chosen["state"]) if chosen.get("state") else names.standing()


@require_GET
@only(*access.WORK_READERS)
def export_names(request: HttpRequest) -> StreamingHttpResponse:
    """What the list shows, as a file; without ?of= the names of everything."""
    form = NameFilterForm(request.GET)
    of = request.GET.get("of", "")
    return file_of_names([filtered_names(request, each, form) for each in ([of] if of in OF else OF)])


@require_http_methods(["GET", "HEAD", "POST"])
@only(*access.NAMERS, Role.AUDITOR)
def import_file(request: HttpRequest) -> HttpResponse:
    """The files of names that were sent, and for those who may, the form to send one."""
    may_send = bool(roles_of(request.user) & set(access.NAMERS))
    if request.method == "POST" and not may_send:
        raise Http404
    form = NamesFileForm(request.POST or None, request.FILES or None) if may_send else None
    if request.method == "POST" and form is not None and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            upload, _job = receive_names(stream=file, label=file.name or "", user=signed_in(request))
            return redirect("works:names_upload", upload.ref)
        except DomainError as error:
            form.add_error("file", str(error))
    page = page_of(
        NamesUpload.objects.visible_to(request.user).select_related("organisation", "file"),
        keys=(whole("id", descending=True),),
        after=request.GET.get("after", ""),
    )
    jobs = jobs_of(page.rows)
    context = {
        "form": form,
        "rows": [{"upload": upload, "job": jobs.get(upload.pk)} for upload in page.rows],
        "cursor": page.more,
        "society": sees_everything(request.user),
    }
    return render(request, "works/names_import.html", context, status=400 if form is not None and form.errors else 200)


@require_GET
@only(*access.NAMERS, Role.AUDITOR)
def show_names_upload(request: HttpRequest, ref: str) -> HttpResponse:
    """What became of a file: every row is added, known already, left out or told as wrong."""
    upload = access.get_names_upload(request.user, ref)
    rows = NamesRow.objects.filter(upload=upload)
    page = page_of(rows, keys=(whole("row_no"),), after=request.GET.get("after", ""))
    context = {
        **_progress(request, upload),
        "problems": [problem for row in page.rows for problem in problems_of(row)],
        "cursor": page.more,
    }
    return render(request, "works/names_upload.html", context)


@require_GET
@only(*access.NAMERS, Role.AUDITOR)
def names_upload_progress(request: HttpRequest, ref: str) -> HttpResponse:
    """The part of the page that moves while names are added; when it is done, the whole page is asked for again."""
    context = _progress(request, access.get_names_upload(request.user, ref))
    response = render(request, "works/_names_upload_state.html", context)
    if not context["under_way"] and request.headers.get("HX-Request"):
        response.headers["HX-Refresh"] = "true"
    return response


def _progress(request: HttpRequest, upload: NamesUpload) -> dict[str, Any]:
    job = jobs_of([upload]).get(upload.pk)
    return {
        "upload": upload,
        "job": job,
        "under_way": job is not None and job.state in {Job.State.WAITING, Job.State.RUNNING},
        "done": upload.added + upload.known + upload.ended + upload.wrong,
        "society": sees_everything(request.user),
    }


@require_GET
@only(*access.NAMERS, Role.AUDITOR)
def download_names_to_mend(request: HttpRequest, ref: str) -> StreamingHttpResponse:
    """The rows to mend with what is wrong with them, to be mended and sent again."""
    return file_of_rows_to_mend(access.get_names_upload(request.user, ref))


# ── a name ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@require_GET
@only(*access.WORK_READERS)
def show_name(request: HttpRequest, number: str) -> HttpResponse:
    """One name: who said it, how sure it is, and what is said against it."""
    return _name_page(request, access.get_name(request.user, number))


def _name_page(
    request: HttpRequest, name: AnyName, *, wrong: forms.Form | None = None, status: int = 200
) -> HttpResponse:
    disputes = NameDispute.objects.of(name).select_related("opened_by", "opened_for", "settled_by").order_by("-pk")
    is_open = any(dispute.settled_at is None for dispute in disputes)
    stands = name.ended_at is None
    user = request.user
    own = organisation_ids(user)
    context = {
        "name": name,
        "came_from": origins_of(user, [name]).get(name.pk),
        "subject": subject_of(name, user),
        "disputes": disputes,
        "form": wrong,
        "may_dispute": stands and not is_open and access.may_dispute(user),
        "dispute_form": wrong if isinstance(wrong, ReasonForm) and wrong.prefix == "dispute" else _reason("dispute"),
        "may_withdraw": stands and access.may_withdraw(user, name),
        "withdraw_form": wrong if isinstance(wrong, ReasonForm) and wrong.prefix == "withdraw" else _reason("withdraw"),
        "may_settle": is_open and is_staff(user),
        "settle_form": wrong if isinstance(wrong, SettleForm) else SettleForm(),
        "sees_person": sees_everything(user) or (name.said_for_id is not None and name.said_for_id in own),
        "society": sees_everything(user),
    }
    return render(request, "works/name.html", context, status=status)


def subject_of(name: AnyName, user: Reader) -> dict[str, str]:
    """What a name names, in words, and the page where the user finds it."""
    if isinstance(name, PartyName):
        return {"words": name.party.name, "kind": "party", "ref": name.party.ref}
    if name.subject_field == "work":
        return {"words": name.named.title, "kind": "work", "ref": name.named.ref}
    work = works_of_recordings(user, [name.named.pk]).get(name.named.pk)
    words = " · ".join(part for part in (name.named.title, name.named.performer) if part)
    return {"words": words, "kind": "recording", "ref": work.ref if work else ""}


def _reason(prefix: str) -> ReasonForm:
    return ReasonForm(prefix=prefix)


@require_POST
@only(*access.NAMERS)
def dispute(request: HttpRequest, number: str) -> HttpResponse:
    """Say that a name is not one."""
    user = signed_in(request)
    name = access.get_name(user, number)
    if not access.may_dispute(user):
        raise Http404
    form = ReasonForm(request.POST, prefix="dispute")
    if form.is_valid():
        speaker = access.speaker_of(user)
        try:
            dispute_name(name=name, reason=form.cleaned_data["reason"], speaker=speaker)
        except DomainError as error:
            form.add_error("reason", str(error))
    if form.errors:
        return _name_page(request, name, wrong=form, status=400)
    messages.success(request, _("The society has been told. The name stays until it decides."))
    return redirect("works:name", name.number)


@require_POST
@only(*access.NAMERS)
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """Take back a name that one's own side said."""
    user = signed_in(request)
    name = access.get_name(user, number)
    if not access.may_withdraw(user, name):
        raise Http404
    form = ReasonForm(request.POST, prefix="withdraw")
    if form.is_valid():
        try:
            withdraw_name(name=name, reason=form.cleaned_data["reason"], actor=user)
        except DomainError as error:
            form.add_error("reason", str(error))
    if form.errors:
        return _name_page(request, name, wrong=form, status=400)
    messages.success(request, _("“%(name)s” is no longer matched by.") % {"name": name.text})
    return redirect("works:name", name.number)


@require_POST
def settle(request: HttpRequest, number: str) -> HttpResponse:
    """Staff decide a dispute."""
    user = signed_in(request)
    if not is_staff(user):
        raise Http404
    name = access.get_name(user, number)
    form = SettleForm(request.POST)
    if form.is_valid():
        keep = form.cleaned_data["decision"] == "keep"
        try:
            settle_dispute(name=name, keep=keep, reason=form.cleaned_data["reason"], actor=user)
        except DomainError as error:
            form.add_error("reason", str(error))
    if form.errors:
        return _name_page(request, name, wrong=form, status=400)
    messages.success(
        request, _("The dispute about “%(name)s” is settled. Both sides have been told.") % {"name": name.text}
    )
    return redirect("works:disputes")


@require_GET
@only(*access.WORK_READERS)
def list_disputes(request: HttpRequest) -> HttpResponse:
    """Disputes about names one sees, with what each side says: the oldest open one first, or what was settled."""
    settled = request.GET.get("tab") == "settled"
    disputes = NameDispute.objects.visible_to(request.user).filter(settled_at__isnull=not settled)
    names = [f"{field}{way}" for field in ("party_name", "work_title", "recording_title") for way in ("", "__said_for")]
    page = page_of(
        disputes.select_related(
            "opened_for", "opened_by", "settled_by",
            "party_name__party", "work_title__work", "recording_title__recording", *names,
        ),
        keys=(whole("id", descending=settled),),
        after=request.GET.get("after", ""),
    )  # fmt: skip
    context = {"rows": page.rows, "cursor": page.more, "settled": settled, "society": sees_everything(request.user)}
    return render(request, "works/disputes.html", context)


# ── to a work, to a party ───────────────────────────────────────────────────────────────────────────────────────────────


@require_POST
@only(*access.NAMERS)
def add_to_work(request: HttpRequest, ref: str) -> HttpResponse:
    """A further name of a work or of one of its recordings."""
    work = access.get_work(request.user, ref)
    if not access.may_name(request.user, work):
        raise Http404
    recordings = list(Recording.objects.filter(parts__work=work).order_by("pk"))
    form = NameForm(request.POST, recordings=recordings)
    by_pk: dict[str, Named] = {str(recording.pk): recording for recording in recordings}
    if form.is_valid() and _add(request, by_pk.get(form.cleaned_data.get("recording", ""), work), form):
        return redirect("works:detail", work.ref)
    return work_page(request, work, name_form=form, status=400)


def _add(request: HttpRequest, named: Named, form: NameForm) -> bool:
    """Whether it was added; a refusal is noted on the form."""
    try:
        added = add_name(named=named, name=form.new_name(), speaker=access.speaker_of(signed_in(request)))
    except DomainError as error:
        form.add_error("text", str(error))
        return False
    messages.success(
        request,
        _("“%(name)s” was added. Songs that are reported from now on are matched by it.") % {"name": added.text},
    )
    return True


@require_GET
@only(*access.WORK_READERS)
def show_party(request: HttpRequest, ref: str) -> HttpResponse:
    """A writer, publisher or performer: names, the works one sees of theirs, and what was done to the names."""
    return _party_page(request, access.get_party(request.user, ref))


def _party_page(
    request: HttpRequest, party: Party, *, name_form: NameForm | None = None, status: int = 200
) -> HttpResponse:
    names = party.names.standing().with_state().select_related("party", "said_for").order_by("pk")
    works = Work.objects.visible_to(request.user)
    its = works.of_party(party).order_by("title", "pk")
    changes = ChangeLog.objects.filter(party=party).select_related("actor").order_by("-pk")[:HISTORY_SHOWN]
    context = {
        "party": party,
        "names": names[:NAMES_SHOWN],
        "names_left": max(0, names.count() - NAMES_SHOWN),
        "form": name_form or (NameForm() if access.may_name(request.user, party) else None),
        "works": its[:WORKS_SHOWN],
        "works_count": its.count(),
        "changes": [
            {
                "change": change,
                "action": ACTIONS.get(change.action, change.action),
                "names": change.data.get("titles", ()),
            }
            for change in changes
        ],
        "society": sees_everything(request.user),
    }
    return render(request, "works/party.html", context, status=status)


@require_POST
@only(*access.NAMERS)
def add_to_party(request: HttpRequest, ref: str) -> HttpResponse:
    """A further name of a writer, publisher or performer."""
    party = access.get_party(request.user, ref)
    if not access.may_name(request.user, party):
        raise Http404
    form = NameForm(request.POST)
    if form.is_valid() and _add(request, party, form):
        return redirect("works:party", party.ref)
    return _party_page(request, party, name_form=form, status=400)
