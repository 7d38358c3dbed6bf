"""Reports: what came in, how far it is, where each of its lines and yuan went, and what staff decide about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.access import Reader, sees_everything, signed_in
from portal.accounts.models import Role
from portal.files.services import store_upload
from portal.lib.keyset import whole
from portal.rest.api import ApiView, checked
from portal.rest.fields import Input, Money, Text, Whole
from portal.rest.paging import PageQuery
from portal.rest.scopes import Needs, Scope
from royalties import access
from royalties.api.fields import (
    NEWEST_FIRST,
    SOCIETY,
    STAFF,
    Month,
    ReasonIn,
    ServiceField,
    SongBrief,
    SourceCode,
    money,
    name_of,
    source_named,
    won,
)
from royalties.api.records import RecordsOut, records_of
from royalties.declared import SAID_BY_PEOPLE, Compared, compared_totals
from royalties.file_lines import file_lines
from royalties.held import why_held
from royalties.ingest import ReportFigures, receive_report, report_figures, resume_report
from royalties.ingest.again import read_report_again
from royalties.models import (
    Basis,
    DeclaredTotal,
    Earning,
    Pool,
    RejectedLine,
    Report,
    ReportDecision,
    ReportedRecording,
    UsageLine,
)
from royalties.overlap import other_files
from royalties.progress import STAGES, UNDER_WAY, progress_of
from royalties.querysets import LINE_KEYS
from royalties.reports import encodings
from royalties.reports.base import POISON, REASONS, refusal_of
from royalties.services import accept_as_is
from royalties.standing import TO_SETTLE, at_stake

READERS = Needs(Scope.ROYALTIES_READ, (*access.SOCIETY, Role.SERVICE_CONTACT))
SHA256 = "^[0-9a-fA-F]{64}$"
REJECTED_KEYS = (whole("line_no"),)


class ReportRow(serializers.Serializer[Any]):
    ref = serializers.CharField()
    source = serializers.CharField(help_text=_("The code of the source."))  # type: ignore[assignment]
    period = Month(allow_null=True, help_text=_("The month it reports on; null until its first line is read."))
    file_name = serializers.CharField()
    state = serializers.ChoiceField(choices=Report.State.choices)
    held_reason = serializers.ChoiceField(
        choices=Report.HeldReason.choices, allow_null=True, help_text=_("Why its money waits.")
    )
    lines = serializers.IntegerField()
    rejected = serializers.IntegerField(help_text=_("How many of its lines could not be taken."))
    reported = Money(help_text=_("Its money, taken or rejected."))
    received_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class ProgressOut(serializers.Serializer[Any]):
    stage = serializers.ChoiceField(choices=list(STAGES.items()))
    units = serializers.ChoiceField(
        choices=[("lines", _("lines")), ("songs", _("songs"))], allow_null=True, help_text=_("What this stage counts.")
    )
    done = serializers.IntegerField(help_text=_("Lines or songs of this stage."))
    total = serializers.IntegerField()
    per_second = serializers.IntegerField(allow_null=True, help_text=_("Null while nobody can know."))
    seconds_left = serializers.IntegerField(allow_null=True, help_text=_("Of this stage; null while nobody can know."))
    silent_since = serializers.DateTimeField(
        allow_null=True, help_text=_("When the worker was last heard of, if that is long ago.")
    )


class RefusalOut(serializers.Serializer[Any]):
    error = serializers.CharField(help_text=_("A code that is the same in every language."))
    message = serializers.CharField(help_text=_("What is wrong and what to do."))


class WhyHeldOut(serializers.Serializer[Any]):
    because = serializers.CharField(help_text=_("Why its money waits, in a sentence."))
    what_to_do = serializers.ListField(child=serializers.CharField(), help_text=_("Any of these."))


class LinesAndMoney(serializers.Serializer[Any]):
    lines = serializers.IntegerField()
    money = Money()


class ReportFiguresOut(serializers.Serializer[Any]):
    songs = serializers.IntegerField()
    new_songs = serializers.IntegerField(help_text=_("Songs seen for the first time."))
    reported = LinesAndMoney(help_text=_("All of it: the sum of the four below, to the line and to the millionth."))
    matched = LinesAndMoney()
    review = LinesAndMoney()
    unmatched = LinesAndMoney()
    rejected = LinesAndMoney()
    no_mandate = LinesAndMoney(
        help_text=_("Of the rejected: used outside China, held without a mandate, never distributed.")
    )
    lump_sums = LinesAndMoney(help_text=_("Of the unmatched: sums without songs, which wait to be spread."))


class PaidBy(serializers.Serializer[Any]):
    remittance = serializers.CharField(help_text=_("The ref of the money received."))
    state = serializers.ChoiceField(choices=Pool.State.choices)


class OtherFile(serializers.Serializer[Any]):
    ref = serializers.CharField()
    file_name = serializers.CharField()
    state = serializers.ChoiceField(choices=Report.State.choices)
    lines = serializers.IntegerField()
    reported = Money()
    rows_in_both = serializers.IntegerField(help_text=_("A row is one song, service and month."))
    rows_with_the_same_amount = serializers.IntegerField(help_text=_("Rows that have probably been sent twice."))


class ReadingOut(serializers.Serializer[Any]):
    encoding = serializers.CharField(allow_blank=True, help_text=_("How its letters were read, such as GB18030."))
    encoding_because = serializers.CharField(allow_blank=True, help_text=_("What speaks for this encoding."))
    looks_like = serializers.CharField(
        allow_blank=True, help_text=_("Another encoding that fits it better, if one does.")
    )
    member = serializers.CharField(allow_blank=True, help_text=_("The file in the archive."))
    sheet = serializers.CharField(allow_blank=True, help_text=_("The sheet of the workbook."))
    delimiter = serializers.CharField(
        allow_blank=True, trim_whitespace=False, help_text=_("What parts its cells, such as a comma.")
    )
    columns = serializers.ListField(child=serializers.CharField(allow_blank=True))
    not_taken = serializers.ListField(
        child=serializers.CharField(allow_blank=True), help_text=_("Columns that mean nothing here.")
    )
    withheld = serializers.ListField(
        child=serializers.CharField(allow_blank=True),
        help_text=_("Columns about single listeners: dropped, shown to nobody."),
    )
    preview = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField(allow_blank=True)),
        help_text=_("The cells of its first lines, by column."),
    )


class Declared(serializers.Serializer[Any]):
    origin = serializers.ChoiceField(choices=DeclaredTotal.Origin.choices, help_text=_("Where it is said."))
    lines = serializers.IntegerField(allow_null=True)
    money = Money(allow_null=True)
    lines_differ_by = serializers.IntegerField(allow_null=True, help_text=_("Declared less what was read."))
    money_differs_by = Money(allow_null=True)
    agrees = serializers.BooleanField(
        help_text=_("To the line and to the fen. If one does not, the report is held until staff accept it.")
    )
    line_no = serializers.IntegerField(allow_null=True, help_text=_("Where in the file it stands."))
    by = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField()
    note = serializers.CharField(allow_blank=True)


class AcceptedAsIs(serializers.Serializer[Any]):
    by = serializers.CharField(allow_null=True)
    reason = serializers.CharField()


class AboutFile(serializers.Serializer[Any]):
    uploaded_by = serializers.CharField(allow_null=True)
    family = serializers.CharField(allow_blank=True)
    container = serializers.CharField(allow_blank=True)
    reading = ReadingOut(allow_null=True, help_text=_("How it was read; null until its first lines are."))
    records = RecordsOut(allow_null=True, help_text=_("What a DDEX report is made of; null for any other."))
    declared = Declared(many=True, help_text=_("What is said of its totals, and by whom, beside what was read."))
    accepted_as_is = AcceptedAsIs(allow_null=True, help_text=_("Who took responsibility for a file in doubt."))
    reads_again = serializers.CharField(
        allow_null=True, help_text=_("The ref of the report of the same file whose place this one took.")
    )
    read_again_as = serializers.CharField(allow_null=True, help_text=_("The ref of the report that took its place."))
    basis = serializers.ChoiceField(choices=Basis.choices, allow_null=True)
    sha256 = serializers.CharField()
    rounded_lines = serializers.IntegerField(help_text=_("Lines whose amount had more than six decimals."))
    rounding_remainder = serializers.CharField(help_text=_("Millionths that those lines lost together, exact."))
    failed_lines = serializers.IntegerField(help_text=_("Rejected lines on which our program failed."))
    worker_said = serializers.CharField(allow_blank=True, help_text=_("Why the work on it stopped, for technicians."))
    paid_by = PaidBy(many=True)
    other_files = OtherFile(many=True, help_text=_("Of the same month, while staff have to say what this file is."))


class SaidOfReport(serializers.Serializer[Any]):
    choice = serializers.ChoiceField(choices=ReportDecision.Choice.choices)
    by = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    at = serializers.DateTimeField()


class EarnedOut(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=Earning.State.choices)
    won = Money()


class StandingOut(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=Report.Kind.choices)
    concerns = serializers.ListField(
        child=serializers.CharField(), help_text=_("The refs of the earlier reports that it replaces or corrects.")
    )
    concerned_by = serializers.ListField(
        child=serializers.CharField(), help_text=_("The refs of later reports that replace or correct it.")
    )
    replaced_by = serializers.CharField(allow_null=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    decisions = SaidOfReport(many=True)
    earned = EarnedOut(
        many=True,
        help_text=_(
            "What was distributed by it and stands. Of a report that is withdrawn or replaced it is taken back."
        ),
    )
    payees = serializers.IntegerField(help_text=_("How many payees got some of it."))


class ReportOut(ReportRow):
    progress = ProgressOut(allow_null=True, help_text=_("While it is being read."))
    refusal = RefusalOut(allow_null=True, help_text=_("Why it was refused or stopped."))
    why_held = WhyHeldOut(allow_null=True, help_text=_("For the society; null where its money does not wait."))
    figures = ReportFiguresOut(allow_null=True, help_text=_("What became of it; null until it is read."))
    standing = StandingOut(
        allow_null=True,
        help_text=_("Its place among the files of its month. For the society; null for a service's contact."),
    )
    about_file = AboutFile(allow_null=True, help_text=_("For the society; null for a service's contact."))


class EncodingField(serializers.ChoiceField):
    def __init__(self, **options: Any) -> None:
        super().__init__(choices=encodings.CHOICES, **options)


class ReportIn(Input):
    source = SourceCode()  # type: ignore[assignment]
    period = Month(required=False, help_text=_("Leave it out to take the month from the file."))
    file = serializers.FileField(help_text=_("The file as the service sent it."))
    encoding = EncodingField(required=False, help_text=_("Leave it out to let the bytes decide."))
    declared_lines = Whole(
        required=False, min_value=0, help_text=_("How many lines its sender says it has, without the header.")
    )
    declared_micros = Whole(
        required=False,
        min_value=0,
        help_text=_("Which sum of money its sender says it has, in millionths of the source's currency."),
    )
    declared_origin = serializers.ChoiceField(
        choices=SAID_BY_PEOPLE,
        required=False,
        help_text=_("Where the sender says so; the one who sent it in by default."),
    )
    correction_because = Text(
        max_length=300,
        required=False,
        help_text=_("Only for a correction, whose lines are differences and may be negative: why it is one."),
    )
    sha256 = serializers.RegexField(SHA256, required=False, help_text=_("Its fingerprint, if its sender stated one."))


class ReadAgainIn(Input):
    encoding = EncodingField(required=False, help_text=_("Leave it out to let the bytes decide."))


class UsageLineOut(serializers.Serializer[Any]):
    line_no = serializers.IntegerField(help_text=_("As the file counts; the heading is 1."))
    song = SongBrief()
    service = ServiceField()
    usage_month = Month()
    uses = serializers.IntegerField()
    amount = Money()


class RejectedLineOut(serializers.Serializer[Any]):
    line_no = serializers.IntegerField(help_text=_("As the file counts; the heading is 1."))
    reason = serializers.CharField(help_text=_("A code that is the same in every language."))
    message = serializers.CharField(help_text=_("Why it could not be taken."))
    column = serializers.CharField(allow_blank=True)
    value = serializers.CharField(allow_blank=True)
    amount = Money(help_text=_("Its money where it could be read, else 0. It goes to nobody else."))
    raw = serializers.CharField(allow_blank=True, help_text=_("The text of the line."))


class ReportList(ApiView):
    needs = {"GET": READERS, "POST": STAFF}
    query_input = PageQuery
    keys = NEWEST_FIRST
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="list_reports", summary=_("The reports that came in, newest first"), responses=ReportRow(many=True)
    )
    def get(self, request: Request) -> Response:
        reports = Report.objects.visible_to(request.user).select_related("source", "file")
        page = self.page_of(request, reports)
        return self.answer_page(request, page, ReportRow([row_of(report) for report in page.rows], many=True).data)

    @extend_schema(
        operation_id="send_report",
        summary=_(
            "Send a report; it is read in the background. The same bytes again give the report that is there (200)"
        ),
        request=ReportIn,
        responses={201: ReportOut, 200: ReportOut},
    )
    def post(self, request: Request) -> Response:
        given, actor = checked(ReportIn(data=request.data)), signed_in(request)
        source = source_named(given["source"])
        file, sha256 = given["file"], given.get("sha256", "")
        stored = store_upload(stream=file, label=file.name, user=actor, sha256=sha256)
        report, is_new = receive_report(
            source=source,
            stored=stored,
            period=given.get("period"),
            user=actor,
            encoding=given.get("encoding", ""),
            correction_because=given.get("correction_because", ""),
            declared_lines=given.get("declared_lines"),
            declared_micros=given.get("declared_micros"),
            declared_origin=given.get("declared_origin", DeclaredTotal.Origin.STAFF),
        )
        shown = report_shown(actor, access.get_report(actor, report.ref))
        return Response(shown, status=201 if is_new else 200)


class ReportDetail(ApiView):
    needs = {"GET": READERS}

    @extend_schema(
        operation_id="read_report",
        summary=_("One report: how far it is, and what became of its lines and money"),
        responses=ReportOut,
    )
    def get(self, request: Request, ref: str) -> Response:
        return Response(report_shown(request.user, access.get_report(request.user, ref)))


class ReportLines(ApiView):
    needs = {"GET": SOCIETY}
    query_input = PageQuery
    keys = LINE_KEYS

    @extend_schema(
        operation_id="list_report_lines",
        summary=_("The lines of a report that were taken"),
        responses=UsageLineOut(many=True),
    )
    def get(self, request: Request, ref: str) -> Response:
        report = access.get_report_with_lines(request.user, ref)
        page = self.page_of(request, UsageLine.objects.of_report(report))
        songs = ReportedRecording.objects.in_bulk({line.recording_id for line in page.rows})
        numbers = file_lines(report.pk, [line.line_no for line in page.rows])
        rows = [
            {
                "line_no": numbers[line.line_no],
                "song": songs[line.recording_id],
                "service": line.service,
                "usage_month": line.usage_month,
                "uses": line.uses,
                "amount": money(line.amount_micros, report.currency),
            }
            for line in page.rows
        ]
        return self.answer_page(request, page, UsageLineOut(rows, many=True).data)


class ReportRejectedLines(ApiView):
    needs = {"GET": SOCIETY}
    query_input = PageQuery
    keys = REJECTED_KEYS

    @extend_schema(
        operation_id="list_rejected_lines",
        summary=_("The lines of a report that could not be taken, and why"),
        responses=RejectedLineOut(many=True),
    )
    def get(self, request: Request, ref: str) -> Response:
        report = access.get_report_with_lines(request.user, ref)
        page = self.page_of(request, RejectedLine.objects.filter(report=report))
        numbers = file_lines(report.pk, [line.line_no for line in page.rows])
        rows = [
            {
                "line_no": numbers[line.line_no],
                "reason": line.reason,
                "message": str(REASONS.get(line.reason, line.reason)),
                "column": line.column,
                "value": line.value,
                "amount": money(line.amount_micros, report.currency),
                "raw": line.raw,
            }
            for line in page.rows
        ]
        return self.answer_page(request, page, RejectedLineOut(rows, many=True).data)


class ReadReportAgain(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="read_report_again",
        summary=_("Have the file of a report read in another encoding: the report to look at from now on"),
        request=ReadAgainIn,
        responses=ReportOut,
    )
    def post(self, request: Request, ref: str) -> Response:
        report, actor = access.get_report(request.user, ref), signed_in(request)
        encoding = checked(ReadAgainIn(data=request.data)).get("encoding", "")
        report = read_report_again(report=report, encoding=encoding, actor=actor)
        return Response(report_shown(actor, access.get_report(actor, report.ref)))


class AcceptReport(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="accept_report",
        summary=_("Go on with a report although it seems cut off or is not what its sender declared"),
        request=ReasonIn,
        responses=ReportOut,
    )
    def post(self, request: Request, ref: str) -> Response:
        report, actor = access.get_report(request.user, ref), signed_in(request)
        accept_as_is(report=report, actor=actor, reason=checked(ReasonIn(data=request.data))["reason"])
        return Response(report_shown(actor, access.get_report(actor, ref)))


class ResumeReport(ApiView):
    needs = {"POST": STAFF}

    @extend_schema(
        operation_id="resume_report",
        summary=_("Let the work on a stopped report go on; on any other report nothing changes"),
        request=None,
        responses=ReportOut,
    )
    def post(self, request: Request, ref: str) -> Response:
        report = access.get_report(request.user, ref)
        checked(Input(data=request.data))
        resume_report(report=report)
        return Response(report_shown(request.user, access.get_report(request.user, ref)))


def row_of(report: Report) -> dict[str, Any]:
    return {
        "ref": report.ref,
        "source": report.source.code,
        "period": report.period,
        "file_name": report.file.label,
        "state": report.state,
        "held_reason": report.held_reason or None,
        "lines": report.lines,
        "rejected": report.rejected,
        "reported": money(report.accepted_micros + report.rejected_micros, report.currency),
        "received_at": report.created_at,
        "finished_at": report.finished_at,
    }


def report_shown(user: Reader, report: Report) -> Any:
    """As its page shows it: a service's contact reads how far it is and its figures, the society the rest as well."""
    society = sees_everything(user)
    under_way = report.state in UNDER_WAY
    refused = report.state in {Report.State.REFUSED, Report.State.MAPPING}
    figures = None if under_way or refused else report_figures(report)
    refusal = None
    if report.error_code and (refused or society):
        refusal = {"error": report.error_code, "message": refusal_of(report.error_code, report.error_params)}
    found = {
        **row_of(report),
        "progress": progress_of(report) if under_way else None,
        "refusal": refusal,
        "why_held": _why_held(report) if society else None,
        "figures": _figures(figures, report.currency) if figures else None,
        "standing": _standing(report) if society else None,
        "about_file": _about_file(report) if society else None,
    }
    return ReportOut(found).data


def _why_held(report: Report) -> Mapping[str, Any] | None:
    held = None if report.superseded_at else why_held(report)
    return held and {"because": str(held["because"]), "what_to_do": [str(step["words"]) for step in held["steps"]]}


def _figures(figures: ReportFigures, currency: str) -> Mapping[str, Any]:
    def of(lines: int, micros: int) -> Mapping[str, Any]:
        return {"lines": lines, "money": money(micros, currency)}

    return {
        "songs": figures.songs,
        "new_songs": figures.new_songs,
        "reported": of(figures.lines, figures.money_micros),
        "matched": of(figures.matched_lines, figures.matched_micros),
        "review": of(figures.review_lines, figures.review_micros),
        "unmatched": of(figures.unmatched_lines, figures.unmatched_micros),
        "rejected": of(figures.rejected, figures.rejected_micros),
        "no_mandate": of(figures.no_mandate_lines, figures.no_mandate_micros),
        "lump_sums": of(figures.lump_lines, figures.lump_micros),
    }


def _about_file(report: Report) -> Mapping[str, Any]:
    pools = report.pools.select_related("remittance").order_by("pk")
    return {
        "uploaded_by": name_of(report.uploaded_by),
        "family": report.family,
        "container": report.container,
        "reading": _reading(report) if report.reading.get("preview") is not None else None,
        "records": records_of(report),
        "declared": [_declared(found, report.currency) for found in compared_totals(report)],
        "accepted_as_is": {"by": name_of(report.accepted_as_is_by), "reason": report.accepted_as_is_reason}
        if report.accepted_as_is_reason
        else None,
        "reads_again": report.reads_again.ref if report.reads_again else None,
        "read_again_as": report.read_again_as.ref if report.superseded_at else None,
        "basis": report.basis or None,
        "sha256": report.sha256,
        "rounded_lines": report.rounded_lines,
        "rounding_remainder": f"{report.rounding_remainder.normalize():f}",
        "failed_lines": RejectedLine.objects.filter(report=report, reason=POISON).count(),
        "worker_said": report.job.error_text if report.job and report.state == Report.State.STOPPED else "",
        "paid_by": [{"remittance": pool.remittance.ref, "state": pool.state} for pool in pools],
        "other_files": _other_files(report) if report.held_reason in TO_SETTLE else [],
    }


def _declared(found: Compared, currency: str) -> Mapping[str, Any]:
    total = found.total
    return {
        "origin": total.origin,
        "lines": total.lines,
        "money": None if total.micros is None else money(total.micros, currency),
        "lines_differ_by": found.lines,
        "money_differs_by": None if found.micros is None else money(found.micros, currency),
        "agrees": found.agrees,
        "line_no": total.line_no,
        "by": name_of(total.declared_by),
        "at": total.created_at,
        "note": total.note,
    }


def _standing(report: Report) -> Mapping[str, Any]:
    stake = at_stake(report)
    return {
        "kind": report.kind,
        "concerns": list(report.concerns.order_by("pk").values_list("ref", flat=True)),
        "concerned_by": list(report.concerned_by.order_by("pk").values_list("ref", flat=True)),
        "replaced_by": report.replaced_by.ref if report.replaced_by else None,
        "withdrawn_at": report.withdrawn_at,
        "decisions": [
            {"choice": said.choice, "by": name_of(said.actor), "reason": said.reason, "at": said.created_at}
            for said in report.decisions.select_related("actor")
        ],
        "earned": [{"state": state, "won": won(micros)} for state, micros in sorted(stake.won.items()) if micros],
        "payees": stake.payees,
    }


def _reading(report: Report) -> Mapping[str, Any]:
    said = report.reading
    return {
        "encoding": encodings.NAMES.get(report.encoding, ""),
        "encoding_because": str(encodings.WHY.get(said["why"], "")),
        "looks_like": encodings.NAMES.get(said["looks_like"], ""),
        **{
            name: said[name] for name in ("member", "sheet", "delimiter", "columns", "not_taken", "withheld", "preview")
        },
    }


def _other_files(report: Report) -> Sequence[Mapping[str, Any]]:
    return [
        {
            "ref": row["report"].ref,
            "file_name": row["report"].file.label,
            "state": row["report"].state,
            "lines": row["report"].lines,
            "reported": money(row["report"].money, row["report"].currency),
            "rows_in_both": row["overlap"]["both"] if row["overlap"] else 0,
            "rows_with_the_same_amount": row["overlap"]["same"] if row["overlap"] else 0,
        }
        for row in other_files(report)
    ]


urlpatterns: list[URLPattern] = [
    path("reports/", ReportList.as_view(), name="reports"),
    path("reports/<str:ref>/", ReportDetail.as_view(), name="report"),
    path("reports/<str:ref>/lines/", ReportLines.as_view(), name="report_lines"),
    path("reports/<str:ref>/rejected/", ReportRejectedLines.as_view(), name="report_rejected"),
    path("reports/<str:ref>/accept/", AcceptReport.as_view(), name="accept_report"),
    path("reports/<str:ref>/read-again/", ReadReportAgain.as_view(), name="read_again"),
    path("reports/<str:ref>/resume/", ResumeReport.as_view(), name="resume_report"),
]
