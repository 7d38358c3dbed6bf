"""The register, for programs: what the pages of works show and do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db.models import Prefetch
from django.http import FileResponse, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.access import sees_everything, signed_in
from portal.jobs.models import Job
from portal.lib.keyset import whole
from portal.rest.api import ApiView, checked
from portal.rest.fields import ExactFraction, Input, Text, Upload
from portal.rest.paging import PageQuery
from portal.rest.scopes import Needs, Scope
from works import access
from works.catalogue.base import ParseProblem
from works.catalogue.rows import ENCODINGS
from works.downloads import XLSX, file_of_rows_to_mend, template_file
from works.history import ACTIONS
from works.models import CatalogueRow, CatalogueUpload, Recording, Right, Script, Share, Work, WorkTitle
from works.name_api import urlpatterns as of_names
from works.ownership import own_shares, rights_owned
from works.services import CatalogueFigures, catalogue_figures, jobs_of, receive_catalogue
from works.shares import CollectorKind

MOST_CHANGES: Final = 100
FILES: Final = {(200, "text/csv"): OpenApiTypes.BINARY, (200, XLSX): OpenApiTypes.BINARY}
READ: Final = Needs(Scope.WORKS_READ, access.WORK_READERS)

ENCODING_NAMES = [(name, name) for name in ENCODINGS]


class OrganisationOut(serializers.Serializer[Any]):
    ref = serializers.CharField()
    name = serializers.CharField()


class PartyOut(serializers.Serializer[Any]):
    ref = serializers.CharField()
    name = serializers.CharField()


class OwnShareOut(serializers.Serializer[Any]):
    holder = OrganisationOut()
    right = serializers.ChoiceField(choices=Right.choices)
    share = ExactFraction()


class WorkRow(serializers.Serializer[Any]):
    ref = serializers.CharField()
    title = serializers.CharField()
    iswc = serializers.CharField(allow_null=True)
    titles = serializers.ListField(child=serializers.CharField(), help_text=_("In every script it is registered in."))
    performers = serializers.ListField(child=serializers.CharField())
    own_shares = OwnShareOut(many=True, help_text=_("What you hold of it today, or those you act for."))


class TitleOut(serializers.Serializer[Any]):
    text = serializers.CharField()
    kind = serializers.ChoiceField(choices=WorkTitle.Kind.choices)
    script = serializers.ChoiceField(choices=Script.choices)
    language = serializers.CharField(allow_blank=True)


class RecordingOut(serializers.Serializer[Any]):
    title = serializers.CharField()
    performer = serializers.CharField(allow_blank=True)
    isrc = serializers.CharField(allow_null=True)
    album = serializers.CharField(allow_blank=True)
    duration_seconds = serializers.IntegerField(allow_null=True)


class ShareOut(serializers.Serializer[Any]):
    party = PartyOut()
    role = serializers.ChoiceField(choices=Share.Role.choices)
    right = serializers.ChoiceField(choices=Right.choices)
    share = ExactFraction(source="fraction")
    territory = serializers.IntegerField(help_text=_("A TIS code; 2136 is the world."))
    from_date = serializers.DateField()
    until_date = serializers.DateField(allow_null=True)


class SharePart(serializers.Serializer[Any]):
    share = ShareOut()
    collector = serializers.ChoiceField(
        source="collector.kind", choices=[(kind.value, kind.value) for kind in CollectorKind]
    )
    collector_society = serializers.CharField(
        source="collector.society", allow_blank=True, help_text=_("Its CISAC code.")
    )


class RightOut(serializers.Serializer[Any]):
    right = serializers.ChoiceField(choices=Right.choices)
    parts = SharePart(many=True)
    missing = ExactFraction(help_text=_("What nobody has registered."))


class ChangeOut(serializers.Serializer[Any]):
    action = serializers.CharField(help_text=_("Such as share.replaced."))
    message = serializers.CharField(help_text=_("The same in words."))
    reason = serializers.CharField(allow_blank=True)
    actor = serializers.CharField(allow_null=True, help_text=_("Who did it; for the society only."))
    created_at = serializers.DateTimeField()


class WorkOut(serializers.Serializer[Any]):
    ref = serializers.CharField()
    title = serializers.CharField()
    iswc = serializers.CharField(allow_null=True)
    registered_by = OrganisationOut(allow_null=True)
    submitter_ref = serializers.CharField(allow_blank=True, help_text=_("The publisher's own number for it."))
    merged_into = serializers.CharField(
        allow_null=True, help_text=_("The ref of the work that it turned out to be; what stands here counts no more.")
    )
    titles = TitleOut(many=True)
    recordings = RecordingOut(many=True)
    rights = RightOut(many=True, help_text=_("Who owns it in China today, and who collects."))
    other_shares = ShareOut(many=True, help_text=_("Shares of other days and territories."))
    changes = ChangeOut(many=True, help_text=_("What changed, newest first, at most 100."))


class WorkQuery(PageQuery):
    q = Text(required=False, allow_blank=True, max_length=200, help_text=_("A title in any script, or a number."))


class WorkList(ApiView):
    needs = {"GET": READ}
    query_input = WorkQuery
    keys = (whole("id", descending=True),)

    @extend_schema(operation_id="list_works", summary=_("The works you may see"), responses=WorkRow(many=True))
    def get(self, request: Request) -> Response:
        text = self.asked(request).get("q", "")
        works = Work.objects.visible_to(request.user)
        works = works.search(text) if text else works.standing()
        works = works.prefetch_related(Prefetch("titles", WorkTitle.objects.standing()), "parts__recording")
        page = self.page_of(request, works)
        own = own_shares(request.user, page.rows)
        rows = [
            {
                "ref": work.ref,
                "title": work.title,
                "iswc": work.iswc,
                "titles": [title.text for title in work.titles.all()],
                "performers": sorted({part.recording.performer for part in work.parts.all()} - {""}),
                "own_shares": own[work.pk],
            }
            for work in page.rows
        ]
        return self.answer_page(request, page, WorkRow(rows, many=True).data)


class WorkDetail(ApiView):
    needs = {"GET": READ}

    @extend_schema(operation_id="read_work", summary=_("One work and who owns it"), responses=WorkOut)
    def get(self, request: Request, ref: str) -> Response:
        work = access.get_work(request.user, ref)
        rights = [] if work.merged_into else rights_owned(work, timezone.localdate())
        shown = {part.share.pk for right in rights for part in right.parts}
        other = (
            work.shares.standing().exclude(pk__in=shown).select_related("party").order_by("right", "from_date", "pk")
        )
        found = {
            "ref": work.ref,
            "title": work.title,
            "iswc": work.iswc,
            "registered_by": work.registered_by,
            "submitter_ref": work.submitter_ref,
            "merged_into": work.merged_into.ref if work.merged_into else None,
            "titles": work.titles.standing().order_by("pk"),
            "recordings": Recording.objects.filter(parts__work=work).order_by("pk"),
            "rights": rights,
            "other_shares": other,
            "changes": [
                {
                    "action": change.action,
                    "message": str(ACTIONS.get(change.action, change.action)),
                    "reason": change.reason,
                    "actor": change.actor.name if change.actor and sees_everything(request.user) else None,
                    "created_at": change.created_at,
                }
                for change in work.changes.select_related("actor").order_by("-created_at", "-pk")[:MOST_CHANGES]
            ],
        }
        return Response(WorkOut(found).data)


# ── catalogues ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class CatalogueOut(serializers.Serializer[Any]):
    ref = serializers.CharField()
    organisation = OrganisationOut()
    file_name = serializers.CharField(source="file.label")
    state = serializers.ChoiceField(choices=Job.State.choices)
    rows = serializers.IntegerField()
    registered = serializers.IntegerField(help_text=_("Works that were made or extended."))
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class Figures(serializers.Serializer[CatalogueFigures]):
    rows = serializers.IntegerField()
    to_mend = serializers.IntegerField(help_text=_("Rows with an error: none of their works is registered."))
    sent_again = serializers.IntegerField(help_text=_("Rows that had an error and came again in a later catalogue."))
    waiting = serializers.IntegerField(help_text=_("Rows that are not registered yet."))
    registered = serializers.IntegerField(help_text=_("Works that were made or extended."))
    duplicates = serializers.IntegerField(help_text=_("Works that are registered like this already."))
    conflicts = serializers.IntegerField(help_text=_("Works whose shares do not fit beside the registered ones."))


class CatalogueDetailOut(CatalogueOut):
    encoding = serializers.CharField(allow_blank=True, help_text=_("How its letters were read, such as CP949."))
    figures = Figures(allow_null=True, help_text=_("What became of it; null while it is being read."))
    error = serializers.CharField(
        allow_blank=True, help_text=_("Why the whole file was refused: the same code in every language.")
    )
    message = serializers.CharField(allow_blank=True, help_text=_("The same in words, and what to do."))


class ProblemOut(serializers.Serializer[ParseProblem]):
    column = serializers.CharField(allow_blank=True)
    value = serializers.CharField(allow_blank=True)
    error = serializers.CharField(source="code", help_text=_("A code that is the same in every language."))
    message = serializers.CharField(source="sentence", help_text=_("What is wrong and what to do."))
    is_warning = serializers.BooleanField(help_text=_("A warning does not keep the work from the register."))


class CatalogueRowOut(serializers.Serializer[Any]):
    row_no = serializers.IntegerField(help_text=_("As the file counts; the heading is 1."))
    outcome = serializers.ChoiceField(choices=CatalogueRow.Outcome.choices)
    work_ref = serializers.CharField(allow_null=True, help_text=_("The work in the register."))
    values = serializers.DictField(child=serializers.CharField(allow_blank=True), help_text=_("The cells, by column."))
    problems = ProblemOut(many=True)


class CatalogueIn(Input):
    file = Upload(help_text=_("A catalogue with the columns of the template."))
    organisation = Text(
        required=False, max_length=40, help_text=_("For whom (its ref), if you act for several publishers.")
    )

    encoding = serializers.ChoiceField(
        choices=ENCODING_NAMES,
        required=False,
        allow_blank=True,
        default="",
        help_text=_("How the letters of a CSV are written; without it, what all of them are: UTF-8, else CP949."),
    )


class RowQuery(PageQuery):
    outcome = serializers.ChoiceField(choices=CatalogueRow.Outcome.choices, required=False)


class FormatQuery(Input):
    format = serializers.ChoiceField(choices=["csv", "xlsx"], required=False, default="csv")


class CatalogueList(ApiView):
    needs = {
        "GET": Needs(Scope.WORKS_READ, access.CATALOGUE_READERS),
        "POST": Needs(Scope.WORKS_WRITE, access.UPLOADERS),
    }
    shows = access.get_upload
    query_input = PageQuery
    keys = (whole("id", descending=True),)
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="list_catalogues",
        summary=_("The catalogues that were sent, newest first"),
        responses=CatalogueOut(many=True),
    )
    def get(self, request: Request) -> Response:
        uploads = CatalogueUpload.objects.visible_to(request.user).select_related("organisation", "file")
        page = self.page_of(request, uploads)
        return self.answer_page(request, page, CatalogueOut(with_states(page.rows), many=True).data)

    @extend_schema(
        operation_id="send_catalogue",
        summary=_("Send a catalogue; it is read in the background"),
        request=CatalogueIn,
        responses={201: CatalogueDetailOut},
    )
    def post(self, request: Request) -> Response:
        given = checked(CatalogueIn(data=request.data))
        organisation = access.get_organisation_to_upload_for(request.user, given.get("organisation"))
        upload, _job = receive_catalogue(
            stream=given["file"],
            label=given["file"].name,
            organisation=organisation,
            user=signed_in(request),
            encoding=given["encoding"],
        )
        return Response(catalogue_detail(upload), status=201)


class CatalogueDetail(ApiView):
    needs = {"GET": Needs(Scope.WORKS_READ, access.CATALOGUE_READERS)}

    @extend_schema(
        operation_id="read_catalogue",
        summary=_("One catalogue: how far it is, and what became of it"),
        responses=CatalogueDetailOut,
    )
    def get(self, request: Request, ref: str) -> Response:
        return Response(catalogue_detail(access.get_upload(request.user, ref)))


class CatalogueRows(ApiView):
    needs = {"GET": Needs(Scope.WORKS_READ, access.CATALOGUE_READERS)}
    query_input = RowQuery
    keys = (whole("row_no"),)

    @extend_schema(
        operation_id="list_catalogue_rows",
        summary=_("The rows of a catalogue, how each ended, and what to mend"),
        responses=CatalogueRowOut(many=True),
    )
    def get(self, request: Request, ref: str) -> Response:
        rows = CatalogueRow.objects.filter(upload=access.get_upload(request.user, ref)).select_related("work")
        if outcome := self.asked(request).get("outcome"):
            rows = rows.filter(outcome=outcome)
        page = self.page_of(request, rows)
        found = [
            {
                "row_no": row.row_no,
                "outcome": row.outcome,
                "work_ref": row.work.ref if row.work else None,
                "values": row.values,
                "problems": [ParseProblem.from_json(row.row_no, stored) for stored in row.problems],
            }
            for row in page.rows
        ]
        return self.answer_page(request, page, CatalogueRowOut(found, many=True).data)


class CatalogueTemplate(ApiView):
    needs = {"GET": Needs(Scope.WORKS_READ, access.CATALOGUE_READERS)}
    query_input = FormatQuery

    @extend_schema(
        operation_id="download_catalogue_template",
        summary=_("The empty template of a catalogue"),
        responses=FILES,
    )
    def get(self, request: Request) -> HttpResponse:
        return template_file(self.asked(request)["format"])


class CatalogueRowsToMend(ApiView):
    needs = {"GET": Needs(Scope.WORKS_READ, access.CATALOGUE_READERS)}
    query_input = FormatQuery

    @extend_schema(
        operation_id="download_catalogue_rows_to_mend",
        summary=_("The rows to mend and what is wrong with them, as a file to mend and send again"),
        responses=FILES,
    )
    def get(self, request: Request, ref: str) -> FileResponse:
        return file_of_rows_to_mend(access.get_upload(request.user, ref), self.asked(request)["format"])


def with_states(uploads: Sequence[CatalogueUpload]) -> list[dict[str, Any]]:
    """The uploads as they are sent, each with the state of its job; one without a job was registered by a command."""
    jobs = jobs_of(uploads)
    return [
        {
            "ref": upload.ref,
            "organisation": upload.organisation,
            "file": upload.file,
            "state": jobs[upload.pk].state if upload.pk in jobs else Job.State.DONE,
            "rows": upload.rows,
            "registered": upload.registered,
            "created_at": upload.created_at,
            "finished_at": upload.finished_at,
            "encoding": upload.encoding,
        }
        for upload in uploads
    ]


def catalogue_detail(upload: CatalogueUpload) -> Any:
    (found,) = with_states([upload])
    under_way = found["state"] in {Job.State.WAITING, Job.State.RUNNING}
    figures = None if under_way else catalogue_figures(upload)
    refused = {"error": upload.error_code, "message": str(upload.refusal or "")}
    return CatalogueDetailOut({**found, **refused, "figures": figures}).data


urlpatterns: list[URLPattern] = [
    *of_names,
    path("works/", WorkList.as_view(), name="works"),
    path("works/<str:ref>/", WorkDetail.as_view(), name="work"),
    path("catalogues/", CatalogueList.as_view(), name="catalogues"),
    path("catalogues/template/", CatalogueTemplate.as_view(), name="catalogue_template"),
    path("catalogues/<str:ref>/", CatalogueDetail.as_view(), name="catalogue"),
    path("catalogues/<str:ref>/rows/", CatalogueRows.as_view(), name="catalogue_rows"),
    path("catalogues/<str:ref>/to-mend/", CatalogueRowsToMend.as_view(), name="catalogue_to_mend"),
]
