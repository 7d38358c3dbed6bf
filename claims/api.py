"""Cases, for programs: what the pages of claims show and do."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from django.http import FileResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from claims import access, rules, services
from claims.models import Attachment, Case, CaseEvent, CaseParty
from claims.querysets import released_micros
from claims.rules import Action, Check, Seat, State
from claims.shares import pieces_today
from portal.accounts.access import signed_in
from portal.accounts.models import ACTING_ROLES, User
from portal.files.services import as_download
from portal.lib.keyset import whole
from portal.rest.api import ApiView, checked
from portal.rest.fields import Day, ExactFraction, Flag, Input, Money, Text, Upload, Whole
from portal.rest.paging import PageQuery
from portal.rest.scopes import Needs, Scope
from works.models import Right, Share

READ: Final = Needs(Scope.CLAIMS_READ, access.READERS)
ACT: Final = Needs(Scope.CLAIMS_WRITE, access.READERS)  # which of them may take a step, rules.py says
LONGEST_TEXT: Final = 5000
PAPER_HELP: Final = _(
    "A contract, letter or other proof: PDF, picture, Word, Excel or CSV. Everybody in the case sees it."
)
OF_CASES: Final = ["cases"]
SEATS: Final = [(seat.value, seat.value) for seat in Seat]
CHECKS: Final = [(check.value, check.value) for check in Check]


# ── what is sent ────────────────────────────────────────────────────────────────────────────────────────────────────────


class WorkName(serializers.Serializer[Any]):
    ref = serializers.CharField()
    title = serializers.CharField()


class SongName(serializers.Serializer[Any]):
    ref = serializers.CharField()
    title = serializers.CharField(help_text=_("As the service reported it."))
    artists = serializers.CharField(allow_blank=True)


class OwnParty(serializers.Serializer[Any]):
    ref = serializers.CharField()
    name = serializers.CharField()


class CaseRow(serializers.Serializer[Any]):
    ref = serializers.CharField()
    kind = serializers.ChoiceField(choices=Case.Kind.choices)
    state = serializers.ChoiceField(choices=Case.State.choices)
    work = WorkName()
    disputed = ExactFraction(help_text=_("The disputed part of the work; of a song, the whole."))
    claimant = serializers.CharField(help_text=_("Who would own what is claimed."))
    turn = serializers.ListField(
        child=serializers.ChoiceField(choices=SEATS),
        help_text=_("Who must act now; nobody in a closed case."),
    )
    held = Money(many=True, allow_null=True, help_text=_("What is held of it now; null if it is not for you to see."))
    created_at = serializers.DateTimeField()


class DisputedShare(serializers.Serializer[Share]):
    holder = serializers.CharField(source="party.name")
    role = serializers.ChoiceField(choices=Share.Role.choices)
    right = serializers.ChoiceField(choices=Right.choices)
    share = ExactFraction(source="fraction")


class PieceOut(serializers.Serializer[Any]):
    owner = serializers.CharField(source="party.name")
    part = ExactFraction()
    is_disputed = serializers.BooleanField()


class ReleasedOut(serializers.Serializer[Any]):
    party = serializers.CharField()
    money = Money()


class CasePartyOut(serializers.Serializer[CaseParty]):
    name = serializers.CharField(source="organisation.name")
    side = serializers.ChoiceField(choices=CaseParty.Side.choices)


class PaperOut(serializers.Serializer[Any]):
    uuid = serializers.UUIDField()
    file_name = serializers.CharField()
    added_by = serializers.CharField()
    on_behalf_of = serializers.CharField(allow_blank=True, help_text=_("Whom a delegate acted for."))
    created_at = serializers.DateTimeField()


class EventOut(serializers.Serializer[Any]):
    action = serializers.ChoiceField(choices=CaseEvent.Action.choices)
    by = serializers.CharField(allow_blank=True)
    on_behalf_of = serializers.CharField(allow_blank=True, help_text=_("Whom a delegate acted for."))
    organisation = serializers.CharField(allow_blank=True)
    seat = serializers.ChoiceField(choices=SEATS, allow_null=True)
    text = serializers.CharField(allow_blank=True)
    paper = serializers.CharField(allow_blank=True, help_text=_("The name of the file that was added."))
    checks = serializers.ListField(child=serializers.ChoiceField(choices=CHECKS))
    share_followed = serializers.BooleanField(
        help_text=_("After another case's end, the disputed share was followed by a smaller one.")
    )
    share_before = ExactFraction(allow_null=True)
    share_after = ExactFraction(allow_null=True)
    created_at = serializers.DateTimeField()


class CaseOut(CaseRow):
    from_date = serializers.DateField(
        allow_null=True, help_text=_("The first day whose usage is disputed; null for a song: all of it.")
    )
    share = DisputedShare(allow_null=True, help_text=_("The share that is disputed; null for a song."))
    song = SongName(allow_null=True)
    outcome = serializers.ChoiceField(choices=Case.Outcome.choices, allow_null=True)
    granted = serializers.BooleanField(allow_null=True, help_text=_("Does the claimed part go to the claimant?"))
    outcome_note = serializers.CharField(allow_blank=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    released = ReleasedOut(many=True, help_text=_("Who got what was held, before deductions, if it is for you to see."))
    parties = CasePartyOut(many=True)
    owners_today = PieceOut(
        many=True, help_text=_("Who owns the right of the disputed share today, and the disputed part.")
    )
    your_seats = serializers.ListField(child=serializers.ChoiceField(choices=SEATS))
    your_actions = serializers.ListField(
        child=serializers.ChoiceField(choices=[(action.value, action.value) for action in Action]),
        help_text=_("What you can do now."),
    )


class DisputableShare(serializers.Serializer[Any]):
    number = serializers.IntegerField(help_text=_("Names the share when a case is filed; it never changes."))
    holder = serializers.CharField(source="share.party.name")
    role = serializers.ChoiceField(source="share.role", choices=Share.Role.choices)
    right = serializers.ChoiceField(source="share.right", choices=Right.choices)
    share = ExactFraction(source="share.fraction")
    from_date = serializers.DateField(source="share.from_date")


class DisputableOut(serializers.Serializer[Any]):
    shares = DisputableShare(many=True, help_text=_("The shares of others that stand today."))
    parties = OwnParty(many=True, help_text=_("Who of yours could own what is claimed."))


class OwnWork(serializers.Serializer[Any]):
    work = WorkName()
    party = OwnParty(help_text=_("Who of yours has a share in it."))


class OwnWorksOut(serializers.Serializer[Any]):
    song = SongName()
    works = OwnWork(
        many=True, help_text=_("The likeliest first; twenty that the matcher or the search found, at most each.")
    )


# ── what is taken ───────────────────────────────────────────────────────────────────────────────────────────────────────


class CaseQuery(PageQuery):
    state = serializers.ChoiceField(choices=Case.State.choices, required=False)


class OwnWorkQuery(Input):
    q = Text(
        required=False, allow_blank=True, max_length=100, help_text=_("A title of the work; without one, the song's.")
    )


class ShareCaseIn(Input):
    share = Whole(min_value=1, help_text=_("Its number among the shares that can be disputed."))
    party = Text(max_length=40, help_text=_("Who would own it: the ref of a party of yours."))
    numerator = Whole(min_value=1, help_text=_("Of the disputed part, of the whole work."))
    denominator = Whole(min_value=1)
    from_date = Day(help_text=_("The first day of the month from which on the usage would be yours."))
    reason = Text(max_length=LONGEST_TEXT, help_text=_("What is wrong, and which paper shows it."))
    paper = Upload(help_text=PAPER_HELP)


class SongCaseIn(Input):
    work = Text(max_length=40, help_text=_("Which of your works it is: its ref."))
    party = Text(
        required=False,
        max_length=40,
        help_text=_("The ref of the party, if several of yours have a share in the work."),
    )
    reason = Text(max_length=LONGEST_TEXT, help_text=_("How you know that this song is your work."))
    paper = Upload(help_text=PAPER_HELP)


class PaperIn(Input):
    paper = Upload(help_text=PAPER_HELP)
    text = Text(required=False, allow_blank=True, default="", max_length=LONGEST_TEXT, help_text=_("What it shows."))


class MessageIn(Input):
    text = Text(max_length=LONGEST_TEXT, help_text=_("Everybody in the case sees it."))


class ReturnIn(Input):
    text = Text(max_length=LONGEST_TEXT, help_text=_("What is missing. The claimant sees this."))


class AcceptIn(Input):
    checks = serializers.ListField(
        child=serializers.ChoiceField(choices=CHECKS),
        help_text=_("All four, each looked at: only the form counts, not whose paper is better."),
    )


class CloseIn(Input):
    outcome = serializers.ChoiceField(choices=Case.Outcome.choices)
    granted = Flag(help_text=_("Does the claimed part go to the claimant?"))
    part = ExactFraction(
        required=False,
        allow_null=True,
        help_text=_("Of the work, only if the parties agreed on less than was disputed."),
    )
    note = Text(max_length=LONGEST_TEXT, help_text=_("What was decided. Everybody in the case sees it."))


class WithdrawIn(Input):
    note = Text(max_length=LONGEST_TEXT, help_text=_("Why you withdraw."))


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


class CaseList(ApiView):
    needs = {"GET": READ}
    query_input = CaseQuery
    keys = (whole("id", descending=True),)

    @extend_schema(
        operation_id="list_cases", summary=_("The cases you are in, newest first"), responses=CaseRow(many=True)
    )
    def get(self, request: Request) -> Response:
        user = signed_in(request)
        cases = Case.objects.visible_to(user).select_related("work", "claimant_party")
        if state := self.asked(request).get("state"):
            cases = cases.filter(state=state)
        page = self.page_of(request, cases)
        held = access.held_of(user, page.rows)
        rows = [_row(case, held.get(case.ref)) for case in page.rows]
        return self.answer_page(request, page, CaseRow(rows, many=True).data)


class CaseDetail(ApiView):
    needs = {"GET": READ}

    @extend_schema(operation_id="read_case", summary=_("One case and what you can do in it"), responses=CaseOut)
    def get(self, request: Request, ref: str) -> Response:
        return Response(_found(signed_in(request), ref))


class CaseHistory(ApiView):
    needs = {"GET": READ}
    query_input = PageQuery
    keys = (whole("id"),)

    @extend_schema(
        operation_id="list_case_history",
        summary=_("What happened in a case, messages among it, the oldest first"),
        responses=EventOut(many=True),
    )
    def get(self, request: Request, ref: str) -> Response:
        case = access.get_case(signed_in(request), ref)
        page = self.page_of(request, case.events.select_related("actor"))
        return self.answer_page(request, page, EventOut([_event(event) for event in page.rows], many=True).data)


class Paper(ApiView):
    needs = {"GET": READ}

    @extend_schema(
        operation_id="download_paper",
        summary=_("A paper as it was filed"),
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, ref: str, uuid: UUID) -> FileResponse:
        return as_download(access.get_paper(signed_in(request), ref, uuid).file)


class DisputableShares(ApiView):
    needs = {"GET": Needs(Scope.CLAIMS_READ, ACTING_ROLES)}

    @extend_schema(
        operation_id="list_disputable_shares",
        summary=_("What of a work you can dispute, and for whom"),
        tags=OF_CASES,
        responses=DisputableOut,
    )
    def get(self, request: Request, ref: str) -> Response:
        user = signed_in(request)
        work = access.get_work_to_dispute(user, ref)
        own = access.own_parties(user)
        shares = access.disputable_shares(work, own)
        found = {
            "shares": [{"number": number, "share": share} for number, share in shares.items()],
            "parties": own,
        }
        return Response(DisputableOut(found).data)


class OwnWorks(ApiView):
    needs = {"GET": Needs(Scope.CLAIMS_READ, ACTING_ROLES)}
    query_input = OwnWorkQuery

    @extend_schema(
        operation_id="list_own_works",
        summary=_("Works of yours that an unmatched song could be"),
        tags=OF_CASES,
        responses=OwnWorksOut,
    )
    def get(self, request: Request, ref: str) -> Response:
        user = signed_in(request)
        song = access.get_song_to_claim(user, ref)
        works = access.own_works_for(user, song, search=self.asked(request).get("q", ""))
        found = {"song": song, "works": [{"work": work, "party": party} for work, party in works]}
        return Response(OwnWorksOut(found).data)


# ── filing ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


class ShareCases(ApiView):
    needs = {"POST": Needs(Scope.CLAIMS_WRITE, ACTING_ROLES)}
    shows = access.get_case
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="file_share_case",
        summary=_("Dispute a part of a share; nothing is held until the society has checked the papers"),
        tags=OF_CASES,
        request=ShareCaseIn,
        responses={201: CaseOut},
    )
    def post(self, request: Request, ref: str) -> Response:
        user = signed_in(request)
        work = access.get_work_to_dispute(user, ref)
        given = checked(ShareCaseIn(data=request.data))
        own = access.own_parties(user)
        case = services.file_share_case(
            share=access.get_share_to_dispute(work, own, given["share"]),
            party=access.get_own_party(own, given["party"]),
            fraction=Fraction(given["numerator"], given["denominator"]),
            from_date=given["from_date"],
            reason=given["reason"],
            paper=given["paper"],
            actor=user,
        )
        return Response(_found(user, case.ref), status=201)


class SongCases(ApiView):
    needs = {"POST": Needs(Scope.CLAIMS_WRITE, ACTING_ROLES)}
    shows = access.get_case
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="file_song_case",
        summary=_("Say that an unmatched song is a work of yours"),
        tags=OF_CASES,
        request=SongCaseIn,
        responses={201: CaseOut},
    )
    def post(self, request: Request, ref: str) -> Response:
        user = signed_in(request)
        song = access.get_song_to_claim(user, ref)
        given = checked(SongCaseIn(data=request.data))
        work, party = access.get_own_work(user, given["work"])
        if "party" in given:
            party = access.get_own_party(access.own_parties(user), given["party"])
        case = services.file_unmatched_case(
            recording=song, work=work, party=party, reason=given["reason"], paper=given["paper"], actor=user
        )
        return Response(_found(user, case.ref), status=201)


# ── steps ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Papers(ApiView):
    needs = {"GET": READ, "POST": ACT}
    shows = access.get_case
    query_input = PageQuery
    keys = (whole("id"),)
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="list_papers",
        summary=_("The papers of a case, the oldest first"),
        responses=PaperOut(many=True),
    )
    def get(self, request: Request, ref: str) -> Response:
        case = access.get_case(signed_in(request), ref)
        page = self.page_of(request, case.attachments.select_related("file", "added_by", "on_behalf_of"))
        return self.answer_page(request, page, PaperOut([_paper(paper) for paper in page.rows], many=True).data)

    @extend_schema(
        operation_id="add_paper", summary=_("Put a paper into a case"), request=PaperIn, responses={201: CaseOut}
    )
    def post(self, request: Request, ref: str) -> Response:
        user = signed_in(request)
        case = access.get_case_to_act_in(user, ref, Action.ADD_PAPER)
        given = checked(PaperIn(data=request.data))
        services.add_paper(case=case, paper=given["paper"], text=given["text"], actor=user)
        return Response(_found(user, ref), status=201)


class Messages(ApiView):
    needs = {"POST": ACT}
    shows = access.get_case

    @extend_schema(
        operation_id="add_message",
        summary=_("Say something to everybody in a case"),
        request=MessageIn,
        responses={201: CaseOut},
    )
    def post(self, request: Request, ref: str) -> Response:
        user = signed_in(request)
        case = access.get_case_to_act_in(user, ref, Action.MESSAGE)
        given = checked(MessageIn(data=request.data))
        services.add_message(case=case, text=given["text"], actor=user)
        return Response(_found(user, ref), status=201)


class ReturnPapers(ApiView):
    needs = {"POST": ACT}
    shows = access.get_case

    @extend_schema(
        operation_id="return_papers",
        summary=_("For the society: the papers are not complete"),
        request=ReturnIn,
        responses=CaseOut,
    )
    def post(self, request: Request, ref: str) -> Response:
        user = signed_in(request)
        case = access.get_case_to_act_in(user, ref, Action.RETURN_PAPERS)
        given = checked(ReturnIn(data=request.data))
        services.return_papers(case=case, text=given["text"], actor=user)
        return Response(_found(user, ref))


class AcceptPapers(ApiView):
    needs = {"POST": ACT}
    shows = access.get_case

    @extend_schema(
        operation_id="accept_papers",
        summary=_("For the society: the papers are complete, the disputed part is held from now on"),
        request=AcceptIn,
        responses=CaseOut,
    )
    def post(self, request: Request, ref: str) -> Response:
        user = signed_in(request)
        case = access.get_case_to_act_in(user, ref, Action.ACCEPT_PAPERS)
        given = checked(AcceptIn(data=request.data))
        services.accept_papers(case=case, checks=given["checks"], actor=user)
        return Response(_found(user, ref))


class CloseCase(ApiView):
    needs = {"POST": ACT}
    shows = access.get_case

    @extend_schema(
        operation_id="close_case",
        summary=_("For the society: record how a case ended"),
        request=CloseIn,
        responses=CaseOut,
    )
    def post(self, request: Request, ref: str) -> Response:
        user = signed_in(request)
        case = access.get_case_to_act_in(user, ref, Action.CLOSE)
        given = checked(CloseIn(data=request.data))
        services.close_case(
            case=case,
            outcome=given["outcome"],
            granted=given["granted"],
            part=given.get("part"),
            note=given["note"],
            actor=user,
        )
        return Response(_found(user, ref))


class WithdrawCase(ApiView):
    needs = {"POST": ACT}
    shows = access.get_case

    @extend_schema(
        operation_id="withdraw_case", summary=_("Take your claim back"), request=WithdrawIn, responses=CaseOut
    )
    def post(self, request: Request, ref: str) -> Response:
        user = signed_in(request)
        case = access.get_case_to_act_in(user, ref, Action.WITHDRAW)
        given = checked(WithdrawIn(data=request.data))
        services.withdraw_case(case=case, note=given["note"], actor=user)
        return Response(_found(user, ref))


# ── a case as its page shows it ─────────────────────────────────────────────────────────────────────────────────────────


def _row(case: Case, held: list[tuple[str, int]] | None) -> dict[str, Any]:
    """What list and detail both say of a case. `held` is None for readers who may not see it."""
    return {
        "ref": case.ref,
        "kind": case.kind,
        "state": case.state,
        "work": case.work,
        "disputed": case.fraction,
        "claimant": case.claimant_party.name,
        "turn": rules.TURN[State(case.state)],
        "held": None
        if held is None
        else [{"amount_micros": micros, "currency": currency} for currency, micros in held],
        "created_at": case.created_at,
    }


def _found(user: User, ref: str) -> Any:
    case = access.get_case(user, ref)
    seats = access.seats_of(user, case)
    held = access.held_of(user, [case]).get(case.ref)
    released = [] if held is None else released_micros(case)
    found = {
        **_row(case, held),
        "from_date": case.from_date if case.share else None,
        "share": case.share,
        "song": case.recording,
        "outcome": case.outcome or None,
        "granted": case.granted,
        "outcome_note": case.outcome_note,
        "closed_at": case.closed_at,
        "released": [
            {"party": party, "money": {"amount_micros": micros, "currency": "KRW"}} for party, micros in released
        ],
        "parties": case.parties.select_related("organisation").order_by("pk"),
        "owners_today": pieces_today(case),
        "your_seats": [seat for seat in Seat if seat in seats],
        "your_actions": rules.actions(State(case.state), seats),
    }
    return CaseOut(found).data


def _paper(paper: Attachment) -> dict[str, Any]:
    return {
        "uuid": paper.file.uuid,
        "file_name": paper.file.label,
        "added_by": paper.added_by.name,
        "on_behalf_of": paper.on_behalf_of.name if paper.on_behalf_of else "",
        "created_at": paper.created_at,
    }


def _event(event: CaseEvent) -> dict[str, Any]:
    return {
        "action": event.action,
        "by": event.actor.name if event.actor else "",
        "on_behalf_of": event.on_behalf_of,
        "organisation": event.organisation,
        "seat": event.seat,
        "text": event.text,
        "paper": event.paper,
        "checks": event.checks,
        "share_followed": event.share_followed,
        "share_before": event.share_before,
        "share_after": event.share_after,
        "created_at": event.created_at,
    }


urlpatterns: list[URLPattern] = [
    path("cases/", CaseList.as_view(), name="cases"),
    path("cases/<str:ref>/", CaseDetail.as_view(), name="case"),
    path("cases/<str:ref>/history/", CaseHistory.as_view(), name="case_history"),
    path("cases/<str:ref>/papers/", Papers.as_view(), name="case_papers"),
    path("cases/<str:ref>/papers/<uuid:uuid>/", Paper.as_view(), name="case_paper"),
    path("cases/<str:ref>/messages/", Messages.as_view(), name="case_messages"),
    path("cases/<str:ref>/return/", ReturnPapers.as_view(), name="case_return"),
    path("cases/<str:ref>/accept/", AcceptPapers.as_view(), name="case_accept"),
    path("cases/<str:ref>/close/", CloseCase.as_view(), name="case_close"),
    path("cases/<str:ref>/withdraw/", WithdrawCase.as_view(), name="case_withdraw"),
    path("works/<str:ref>/disputable-shares/", DisputableShares.as_view(), name="disputable_shares"),
    path("works/<str:ref>/cases/", ShareCases.as_view(), name="share_cases"),
    path("songs/<str:ref>/own-works/", OwnWorks.as_view(), name="own_works"),
    path("songs/<str:ref>/cases/", SongCases.as_view(), name="song_cases"),
]
