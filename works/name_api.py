"""The name bank, for programs: what the pages of names show and do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.http import Http404, StreamingHttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.access import organisation_ids, sees_everything, signed_in
from portal.accounts.models import Role
from portal.jobs.models import Job
from portal.lib.keyset import whole
from portal.rest.api import ApiView, checked
from portal.rest.fields import Input, Text, Upload
from portal.rest.paging import PageQuery
from portal.rest.scopes import Needs, Scope
from works import access
from works.merging import is_merged, origins_of
from works.models import TITLE_CODES, NameDispute, NamesRow, NamesUpload, Party, Recording, Script, Work
from works.name_files import COLUMNS, OF, NameProblem, file_of_names, problems_of
from works.name_imports import jobs_of, receive_names
from works.naming import AnyName, Named, NewName, add_name, dispute_name, settle_dispute, withdraw_name
from works.provenance import NameKind, NameQuerySet, NameSource, NameState

READ: Final = Needs(Scope.WORKS_READ, access.WORK_READERS)
NAME: Final = Needs(Scope.WORKS_WRITE, access.NAMERS)
SENT: Final = Needs(Scope.WORKS_READ, (*access.NAMERS, Role.AUDITOR))
SETTLE: Final = Needs(Scope.WORKS_WRITE, (Role.STAFF,))
TITLE_KINDS: Final = [(word, NameKind(word).label) for word in TITLE_CODES]
NAMES_OF: Final = [(of, of) for of in OF]
DECISIONS: Final = [("keep", _("The name stays, and is confirmed")), ("end", _("The name is taken away"))]


class Speaker(serializers.Serializer[Any]):
    ref = serializers.CharField()
    name = serializers.CharField()


class DisputeOut(serializers.Serializer[Any]):
    reason = serializers.CharField()
    opened_for = Speaker(allow_null=True)
    opened_at = serializers.DateTimeField()
    outcome = serializers.ChoiceField(choices=NameDispute.Outcome.choices, allow_blank=True)
    settled_at = serializers.DateTimeField(allow_null=True)
    settle_reason = serializers.CharField(allow_blank=True)


class NameOut(serializers.Serializer[Any]):
    number = serializers.CharField(help_text=_("By which it is read, disputed and withdrawn, such as T12."))
    of = serializers.ChoiceField(choices=NAMES_OF, source="subject_field")
    ref = serializers.SerializerMethodField(
        help_text=_("Of the work or party, or the ISRC of the recording, or its REC- number if it has none.")
    )
    text = serializers.CharField()
    script = serializers.ChoiceField(choices=Script.choices)
    language = serializers.CharField(allow_blank=True)
    kind = serializers.ChoiceField(choices=NameKind.choices, source="kind_word")
    state = serializers.ChoiceField(choices=NameState.choices, help_text=_("How sure it is."))
    source = serializers.ChoiceField(choices=NameSource.choices)  # type: ignore[assignment]  # no attribute of the class
    said_for = Speaker(allow_null=True)
    said_at = serializers.DateTimeField()
    note = serializers.CharField(allow_blank=True, help_text=_("Where it can be seen."))
    confirmed_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    end_reason = serializers.CharField(allow_blank=True)

    def get_ref(self, name: AnyName) -> str:
        return str(name.named.ref)


class NameOfBankOut(NameOut):
    came_from = serializers.SerializerMethodField(
        help_text=_("The ref of the merged work whose name it was, if you see that work; else null.")
    )

    def get_came_from(self, name: AnyName) -> str | None:
        origins = self.context["origins"]
        return origins[name.pk].ref if name.subject_field == "work" and name.pk in origins else None


class NameDetailOut(NameOfBankOut):
    said_by = serializers.SerializerMethodField(
        help_text=_("The person; for the society and for whoever acts for the same side, else null.")
    )
    disputes = serializers.SerializerMethodField(help_text=_("What is said against it, newest first."))

    @extend_schema_field(DisputeOut(many=True))
    def get_disputes(self, name: AnyName) -> Any:
        disputes = NameDispute.objects.of(name).select_related("opened_for").order_by("-pk")
        return DisputeOut(disputes, many=True).data

    def get_said_by(self, name: AnyName) -> str | None:
        user = self.context["user"]
        sees = sees_everything(user) or (name.said_for_id is not None and name.said_for_id in organisation_ids(user))
        return name.said_by.name if sees and name.said_by else None


class PartyDetailOut(serializers.Serializer[Any]):
    ref = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Party.Kind.choices)
    ipi_name_number = serializers.CharField(allow_null=True)
    names = NameOut(many=True)


class OpenDisputeOut(DisputeOut):
    name = NameOut()


class NameProblemOut(serializers.Serializer[NameProblem]):
    row_no = serializers.IntegerField(help_text=_("As the file counts; the heading is 1."))
    column = serializers.CharField(allow_blank=True)
    value = serializers.CharField(allow_blank=True)
    error = serializers.CharField(source="code", help_text=_("A code that is the same in every language."))
    message = serializers.CharField(source="sentence", help_text=_("What is wrong and what to do."))


class NamesUploadOut(serializers.Serializer[Any]):
    ref = serializers.CharField()
    file_name = serializers.CharField(source="file.label")
    state = serializers.ChoiceField(choices=Job.State.choices)
    rows = serializers.IntegerField()
    added = serializers.IntegerField(help_text=_("So far, like the following figures."))
    known = serializers.IntegerField(help_text=_("Names that stand already."))
    ended = serializers.IntegerField(help_text=_("Rows of withdrawn names, which are left out."))
    wrong = serializers.IntegerField(help_text=_("Rows with an error."))
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class NamesRowOut(serializers.Serializer[Any]):
    row_no = serializers.IntegerField(help_text=_("As the file counts; the heading is 1."))
    values = serializers.DictField(child=serializers.CharField(allow_blank=True), help_text=_("The cells, by column."))
    problems = NameProblemOut(many=True)


class NameIn(Input):
    text = Text(max_length=300)
    kind = serializers.ChoiceField(choices=NameKind.choices)
    script = serializers.ChoiceField(
        choices=Script.choices, required=False, default="", help_text=_("Without it, as the letters are.")
    )
    language = Text(required=False, max_length=10, default="", help_text=_("A code such as ko, en or zh-Hans."))
    note = Text(required=False, max_length=300, default="", help_text=_("Where it can be seen."))


class WorkNameIn(NameIn):
    kind = serializers.ChoiceField(choices=TITLE_KINDS)
    isrc = Text(
        required=False,
        max_length=25,
        help_text=_("Of the recording that is called so, instead of the work; or its REC- number if it has none."),
    )


class NameReasonIn(Input):
    reason = Text(max_length=300, help_text=_("Others read it."))


class SettleNameIn(NameReasonIn):
    decision = serializers.ChoiceField(choices=DECISIONS)


class NamesFileIn(Input):
    file = Upload(help_text=_("A CSV with the columns of the exported file; of, ref, text and kind are needed."))


class NameFilter(Input):
    of = serializers.ChoiceField(choices=NAMES_OF, required=False)
    q = Text(required=False, allow_blank=True, max_length=200, help_text=_("A part of the name, or a reference."))
    script = serializers.ChoiceField(choices=Script.choices, required=False)
    kind = serializers.ChoiceField(choices=NameKind.choices, required=False)
    state = serializers.ChoiceField(
        choices=NameState.choices, required=False, help_text=_("Without it, all names that stand.")
    )


class NameQuery(PageQuery, NameFilter):
    of = serializers.ChoiceField(choices=NAMES_OF, required=False, default="work")


class DisputeQuery(PageQuery):
    state = serializers.ChoiceField(choices=["open", "settled"], required=False, default="open")


def names_asked(request: Request, of: str, asked: dict[str, Any]) -> NameQuerySet:
    """As the page filters them."""
    names: NameQuerySet = OF[of].objects.visible_to(request.user).with_state().search(asked.get("q", ""))
    if not is_merged(asked.get("q", "")):
        names = names.said_once(request.user)
    if asked.get("script"):
        names = names.filter(script=asked["script"])
    if asked.get("kind"):
        names = names.of_kind(asked["kind"])
    return names.filter(state=asked["state"]) if asked.get("state") else names.standing()


class NameList(ApiView):
    needs = {"GET": READ}
    query_input = NameQuery
    keys = (whole("id", descending=True),)

    @extend_schema(
        operation_id="list_names", summary=_("Names of the bank, newest first"), responses=NameOfBankOut(many=True)
    )
    def get(self, request: Request) -> Response:
        asked = self.asked(request)
        names = names_asked(request, asked["of"], asked)
        page = self.page_of(request, names.select_related(OF[asked["of"]].subject_field, "said_for"))
        context = {"origins": origins_of(request.user, page.rows)}
        return self.answer_page(request, page, NameOfBankOut(page.rows, many=True, context=context).data)


class NameExport(ApiView):
    needs = {"GET": READ}
    query_input = NameFilter

    @extend_schema(
        operation_id="export_names",
        summary=_("Names of the bank as a file, which can be sent back"),
        description=", ".join(COLUMNS),
        responses={(200, "text/csv"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        asked = self.asked(request)
        return file_of_names([names_asked(request, of, asked) for of in ([asked["of"]] if asked.get("of") else OF)])


class NameImport(ApiView):
    needs = {"GET": SENT, "POST": NAME}
    shows = access.get_names_upload
    query_input = PageQuery
    keys = (whole("id", descending=True),)
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="list_names_files",
        summary=_("The files of names that were sent, newest first"),
        responses=NamesUploadOut(many=True),
    )
    def get(self, request: Request) -> Response:
        page = self.page_of(request, NamesUpload.objects.visible_to(request.user).select_related("file"))
        return self.answer_page(request, page, uploads_shown(page.rows))

    @extend_schema(
        operation_id="import_names",
        summary=_("Add names from a file, in the background: the same file twice changes nothing"),
        request=NamesFileIn,
        responses={201: NamesUploadOut},
    )
    def post(self, request: Request) -> Response:
        file = checked(NamesFileIn(data=request.data))["file"]
        upload, _job = receive_names(stream=file, label=file.name, user=signed_in(request))
        return Response(uploads_shown([upload])[0], status=201)


class NamesUploadDetail(ApiView):
    needs = {"GET": SENT}

    @extend_schema(
        operation_id="read_names_file",
        summary=_("One file of names: how far it is, and what became of it"),
        responses=NamesUploadOut,
    )
    def get(self, request: Request, ref: str) -> Response:
        return Response(uploads_shown([access.get_names_upload(request.user, ref)])[0])


class NamesRowsToMend(ApiView):
    needs = {"GET": SENT}
    query_input = PageQuery
    keys = (whole("row_no"),)

    @extend_schema(
        operation_id="list_names_to_mend",
        summary=_("The rows of a file of names that are to be mended, and what is wrong with them"),
        responses=NamesRowOut(many=True),
    )
    def get(self, request: Request, ref: str) -> Response:
        page = self.page_of(request, NamesRow.objects.filter(upload=access.get_names_upload(request.user, ref)))
        found = [{"row_no": row.row_no, "values": row.values, "problems": problems_of(row)} for row in page.rows]
        return self.answer_page(request, page, NamesRowOut(found, many=True).data)


def uploads_shown(uploads: Sequence[NamesUpload]) -> Any:
    jobs = jobs_of(uploads)
    fields = ("ref", "file", "rows", "added", "known", "ended", "wrong", "created_at", "finished_at")
    found = [{**{name: getattr(upload, name) for name in fields}, "state": jobs[upload.pk].state} for upload in uploads]
    return NamesUploadOut(found, many=True).data


class NameDetail(ApiView):
    needs = {"GET": READ}

    @extend_schema(operation_id="read_name", summary=_("One name and what is said against it"), responses=NameDetailOut)
    def get(self, request: Request, number: str) -> Response:
        return name_answer(request, number)


class DisputeName(ApiView):
    needs = {"POST": NAME}
    shows, shown_by = access.get_name, "number"

    @extend_schema(
        operation_id="dispute_name",
        summary=_("Say that a name is wrong"),
        request=NameReasonIn,
        responses=NameDetailOut,
    )
    def post(self, request: Request, number: str) -> Response:
        user = signed_in(request)
        name = access.get_name(user, number)
        if not access.may_dispute(user):
            raise Http404
        given = checked(NameReasonIn(data=request.data))
        dispute_name(name=name, reason=given["reason"], speaker=access.speaker_of(user))
        return name_answer(request, number)


class SettleDispute(ApiView):
    needs = {"POST": SETTLE}

    @extend_schema(
        operation_id="settle_name_dispute",
        summary=_("Decide the dispute about a name"),
        request=SettleNameIn,
        responses=NameDetailOut,
    )
    def post(self, request: Request, number: str) -> Response:
        user = signed_in(request)
        name = access.get_name(user, number)
        given = checked(SettleNameIn(data=request.data))
        settle_dispute(name=name, keep=given["decision"] == "keep", reason=given["reason"], actor=user)
        return name_answer(request, number)


class WithdrawName(ApiView):
    needs = {"POST": NAME}
    shows, shown_by = access.get_name, "number"

    @extend_schema(
        operation_id="withdraw_name",
        summary=_("Take back a name that one's own side said"),
        request=NameReasonIn,
        responses=NameDetailOut,
    )
    def post(self, request: Request, number: str) -> Response:
        user = signed_in(request)
        name = access.get_name(user, number)
        if not access.may_withdraw(user, name):
            raise Http404
        given = checked(NameReasonIn(data=request.data))
        withdraw_name(name=name, reason=given["reason"], actor=user)
        return name_answer(request, number)


class WorkNames(ApiView):
    needs = {"POST": NAME}
    shows, shown_by = access.get_name, "number"

    @extend_schema(
        operation_id="add_work_name",
        summary=_("Add a name to a work, or to one of its recordings"),
        request=WorkNameIn,
        responses={201: NameDetailOut},
    )
    def post(self, request: Request, ref: str) -> Response:
        work = access.get_work(request.user, ref)
        given = checked(WorkNameIn(data=request.data))
        named: Named = work
        if isrc := given.pop("isrc", ""):
            named = recording_of(work, isrc)
        return added_answer(request, named, given)


class PartyDetail(ApiView):
    needs = {"GET": READ}

    @extend_schema(
        operation_id="read_party",
        summary=_("A writer, publisher or performer, and the names"),
        responses=PartyDetailOut,
    )
    def get(self, request: Request, ref: str) -> Response:
        party = access.get_party(request.user, ref)
        names = party.names.standing().with_state().select_related("party", "said_for").order_by("pk")
        found = {
            "ref": party.ref,
            "name": party.name,
            "kind": party.kind,
            "ipi_name_number": party.ipi_name_number,
            "names": names,
        }
        return Response(PartyDetailOut(found).data)


class PartyNames(ApiView):
    needs = {"POST": NAME}
    shows, shown_by = access.get_name, "number"

    @extend_schema(
        operation_id="add_party_name",
        summary=_("Add a name to a writer, publisher or performer"),
        request=NameIn,
        responses={201: NameDetailOut},
    )
    def post(self, request: Request, ref: str) -> Response:
        party = access.get_party(request.user, ref)
        return added_answer(request, party, checked(NameIn(data=request.data)))


class DisputeList(ApiView):
    needs = {"GET": READ}
    query_input = DisputeQuery
    keys = (whole("id"),)

    @extend_schema(
        operation_id="list_name_disputes",
        summary=_("Disputes about names you see, the oldest first"),
        responses=OpenDisputeOut(many=True),
    )
    def get(self, request: Request) -> Response:
        settled = self.asked(request)["state"] == "settled"
        disputes = NameDispute.objects.visible_to(request.user).filter(settled_at__isnull=not settled)
        page = self.page_of(request, disputes.select_related("opened_for"))
        names = with_states([dispute.name_key for dispute in page.rows])
        rows = [
            {
                "name": names[dispute.name_key],
                "reason": dispute.reason,
                "opened_for": dispute.opened_for,
                "opened_at": dispute.opened_at,
                "outcome": dispute.outcome,
                "settled_at": dispute.settled_at,
                "settle_reason": dispute.settle_reason,
            }
            for dispute in page.rows
        ]
        return self.answer_page(request, page, OpenDisputeOut(rows, many=True).data)


def with_states(keys: list[tuple[str, int]]) -> dict[tuple[str, int], AnyName]:
    """Names by the field of the dispute that refers to them and their number; three statements."""
    found: dict[tuple[str, int], AnyName] = {}
    for table in OF.values():
        ids = [pk for field, pk in keys if field == table.dispute_field]
        names = table.objects.filter(pk__in=ids).with_state().select_related(table.subject_field, "said_for")
        found.update({(table.dispute_field, name.pk): name for name in names})
    return found


def recording_of(work: Work, isrc: str) -> Recording:
    found = Recording.objects.filter(Recording.referred([isrc.strip().upper()]), parts__work=work).first()
    if found is None:
        raise Http404
    return found


def added_answer(request: Request, named: Named, given: dict[str, Any]) -> Response:
    user = signed_in(request)
    if not access.may_name(user, named):
        raise Http404
    added = add_name(named=named, name=NewName(**given), speaker=access.speaker_of(user))
    return name_answer(request, added.number, status=201)


def name_answer(request: Request, number: str, *, status: int = 200) -> Response:
    """The name as it is now."""
    name = access.get_name(request.user, number)
    context = {"user": request.user, "origins": origins_of(request.user, [name])}
    return Response(NameDetailOut(name, context=context).data, status=status)


urlpatterns: list[URLPattern] = [
    path("names/", NameList.as_view(), name="names"),
    path("names/export/", NameExport.as_view(), name="names_export"),
    path("names/import/", NameImport.as_view(), name="names_import"),
    path("names/import/<str:ref>/", NamesUploadDetail.as_view(), name="names_upload"),
    path("names/import/<str:ref>/to-mend/", NamesRowsToMend.as_view(), name="names_to_mend"),
    path("names/<str:number>/", NameDetail.as_view(), name="name"),
    path("names/<str:number>/dispute/", DisputeName.as_view(), name="dispute_name"),
    path("names/<str:number>/settle/", SettleDispute.as_view(), name="settle_dispute"),
    path("names/<str:number>/withdraw/", WithdrawName.as_view(), name="withdraw_name"),
    path("name-disputes/", DisputeList.as_view(), name="name_disputes"),
    path("works/<str:ref>/names/", WorkNames.as_view(), name="add_name"),
    path("parties/<str:ref>/", PartyDetail.as_view(), name="party"),
    path("parties/<str:ref>/names/", PartyNames.as_view(), name="add_party_name"),
]
