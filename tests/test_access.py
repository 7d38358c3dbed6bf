"""Every URL × every kind of person × every method: who may open it, who may send to it, and what a stranger never reads.

The walk takes the URLs from the resolver. A URL that PAGES does not know fails the test, so a new page cannot be forgotten.
All objects asked for belong to one publisher ("stranger" in the scene); its words carry CANARY, which nobody but itself and the
society may ever be sent. What somebody else asks for is answered as if it did not exist.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from claims import services as claims
from claims.models import Case
from portal.accounts.models import Membership, Role, User
from portal.files.models import StoredFile
from portal.jobs.services import create_job
from portal.notices.models import Notice
from portal.rest.models import Token
from portal.rest.scopes import Scope
from portal.rest.tokens import issue_token
from royalties.merging import merge_works, tell_apart
from royalties.models import (
    DistributionRun,
    Earning,
    FirstLines,
    Rematch,
    Remittance,
    Report,
    StaffDecision,
    Statement,
)
from royalties.review import leave_out_songs
from tests.royalties.scene import CANARY, Scene, add_report, add_share, add_work, distribute_all, make_scene
from works.models import (
    CatalogueRow,
    CatalogueUpload,
    NamesRow,
    NamesUpload,
    Right,
    Work,
    WorkDifference,
    WorkMerge,
    WorkTitle,
)
from works.name_imports import TASK as NAMES_TASK
from works.naming import NewName, Speaker, add_name, dispute_name

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
SAFE = {"GET", "HEAD", "OPTIONS"}

OWNER = {"stranger"}  # super role of the publisher whose objects are asked for
SONGWRITERS = {"haeon", "strange_writer"}
WRITERS = SONGWRITERS | {"delegate"}  # who acts for Haeon today reads and does what Haeon may
COPYRIGHT = {"dalbit", "copyright", "stranger"}
PUBLISHERS = COPYRIGHT | {"finance"}
SIGNED_IN = PUBLISHERS | WRITERS | {"staff", "auditor", "contact", "former", "former_delegate", "nobody"}
SOCIETY = {"staff", "auditor"}
STAFF = {"staff"}
NAMERS = COPYRIGHT | WRITERS | STAFF  # whoever may add names to something
EVERYBODY = SIGNED_IN | {"anonymous", "disabled"}
NOBODY: set[str] = set()


@dataclass(kw_only=True)
class World:
    scene: Scene
    users: dict[str, User]
    unknown_table: Report  # waits until staff say what its columns mean
    case: Case
    upload: CatalogueUpload
    names_upload: NamesUpload
    statement: Statement
    run: DistributionRun
    remittance: Remittance
    token: Token
    delegation: Membership
    decision: StaffDecision
    rematch: Rematch
    name: WorkTitle
    twin: Work  # of the stranger's work, with what was said of two others of hers
    merge: WorkMerge
    difference: WorkDifference


@dataclass(frozen=True)
class Page:
    """Who gets an answer to GET and to POST; everybody else gets 404 (405 where nobody may), strangers to the portal the sign-in."""

    get: set[str]
    post: set[str] = field(default_factory=set)
    args: Callable[[World], dict[str, Any]] = lambda world: {}
    scope: str | None = None  # of the API: what a token must carry, to read; to write where there is a POST


def of_report(world: World) -> dict[str, Any]:
    return {"ref": world.scene.report.ref}


def of_two_reports(world: World) -> dict[str, Any]:
    return {
        "ref": world.scene.report.ref,
        "other": Report.objects.exclude(pk=world.scene.report.pk).order_by("pk")[0].ref,
    }


def of_unknown_table(world: World) -> dict[str, Any]:
    return {"ref": world.unknown_table.ref}


def of_case(world: World) -> dict[str, Any]:
    return {"ref": world.case.ref}


def of_paper(world: World) -> dict[str, Any]:
    return {"ref": world.case.ref, "uuid": world.case.attachments.get().file.uuid}


def of_work(world: World) -> dict[str, Any]:
    return {"ref": world.scene.strange.ref}


def of_two_works(world: World) -> dict[str, Any]:
    return {"one": world.scene.strange.ref, "other": world.twin.ref}


def of_upload(world: World) -> dict[str, Any]:
    return {"ref": world.upload.ref}


def of_names_upload(world: World) -> dict[str, Any]:
    return {"ref": world.names_upload.ref}


def of_name(world: World) -> dict[str, Any]:
    return {"number": world.name.number}


def of_party(world: World) -> dict[str, Any]:
    return {"ref": world.scene.stranger_party.ref}


def of_song(world: World) -> dict[str, Any]:
    return {"ref": world.scene.strange_song.ref}


def of_statement(world: World) -> dict[str, Any]:
    return {"ref": world.statement.ref}


def of_remittance(world: World) -> dict[str, Any]:
    return {"ref": world.remittance.ref}


def of_run(world: World) -> dict[str, Any]:
    return {"ref": world.run.ref}


def of_rematch(world: World) -> dict[str, Any]:
    return {"ref": world.rematch.ref}


def of_movement(world: World) -> dict[str, Any]:
    return {"number": world.statement.transaction_id}


def of_earning(world: World) -> dict[str, Any]:
    earning = Earning.objects.filter(run=world.run, party=world.statement.party).order_by("pk")[0]
    return {"ref": world.statement.ref, "earning_id": earning.pk}


# The table of expectations. Roles that see a page see it because architecture.md, section 4 (tenants) says so.
PAGES: dict[str, Page] = {
    # portal
    "home": Page(SIGNED_IN),
    "set_language": Page(NOBODY, EVERYBODY),
    "notices:list": Page(SIGNED_IN),
    "notices:read": Page(NOBODY, SIGNED_IN),
    # who acts for whom: a delegate lets nobody else act; whoever is neither of the two finds no delegate to end
    "delegates": Page(WRITERS | SOCIETY, SONGWRITERS | STAFF),
    "end_delegate": Page(NOBODY, {"haeon", "delegate"} | STAFF, lambda world: {"ref": world.delegation.ref}),
    "people": Page(SOCIETY | {"dalbit", "stranger"}),
    "changes": Page(SOCIETY),
    # sign-in: open to all, one answer for known and unknown accounts
    "account_login": Page(EVERYBODY, EVERYBODY),
    "account_logout": Page(EVERYBODY, EVERYBODY),
    "account_inactive": Page(EVERYBODY, NOBODY),
    "account_signup": Page(EVERYBODY, EVERYBODY),  # says that the society opens accounts, and opens none
    "account_reauthenticate": Page(SIGNED_IN, SIGNED_IN),
    "account_set_password": Page(SIGNED_IN, SIGNED_IN),
    "account_change_password": Page(SIGNED_IN, SIGNED_IN),
    "account_reset_password": Page(EVERYBODY, EVERYBODY),
    "account_reset_password_done": Page(EVERYBODY, NOBODY),
    "account_reset_password_from_key": Page(EVERYBODY, EVERYBODY, lambda world: {"uidb36": "1", "key": "no-such-key"}),
    "account_reset_password_from_key_done": Page(EVERYBODY, NOBODY),
    # works
    "works:list": Page(PUBLISHERS | WRITERS | SOCIETY),
    "works:detail": Page(OWNER | SOCIETY, NOBODY, of_work),
    "works:uploads": Page(PUBLISHERS | SOCIETY, COPYRIGHT),
    "works:upload": Page(OWNER | SOCIETY, NOBODY, of_upload),
    "works:upload_progress": Page(OWNER | SOCIETY, NOBODY, of_upload),
    "works:to_mend_csv": Page(OWNER | SOCIETY, NOBODY, of_upload),
    "works:to_mend_xlsx": Page(OWNER | SOCIETY, NOBODY, of_upload),
    "works:template": Page(PUBLISHERS | SOCIETY),
    "works:template_xlsx": Page(PUBLISHERS | SOCIETY),
    # the name bank: whoever sees a work or a party sees its names; who may add is also asked of the work
    "works:names": Page(PUBLISHERS | WRITERS | SOCIETY),
    "works:names_csv": Page(PUBLISHERS | WRITERS | SOCIETY),
    "works:names_import": Page(NAMERS | SOCIETY, NAMERS),
    "works:names_upload": Page(OWNER | SOCIETY, NOBODY, of_names_upload),
    "works:names_upload_progress": Page(OWNER | SOCIETY, NOBODY, of_names_upload),
    "works:names_to_mend": Page(OWNER | SOCIETY, NOBODY, of_names_upload),
    "works:disputes": Page(PUBLISHERS | WRITERS | SOCIETY),
    "works:name": Page(OWNER | SOCIETY, NOBODY, of_name),
    "works:dispute_name": Page(NOBODY, OWNER | STAFF, of_name),
    "works:settle_dispute": Page(NOBODY, STAFF, of_name),
    "works:withdraw_name": Page(NOBODY, OWNER | STAFF, of_name),
    "works:add_name": Page(NOBODY, OWNER | STAFF, of_work),
    "works:party": Page(OWNER | SOCIETY, NOBODY, of_party),
    "works:add_party_name": Page(NOBODY, OWNER | STAFF, of_party),
    # royalties: reports and matches are the society's; a service's contact reads the figures of its own
    "royalties:reports": Page(SOCIETY | {"contact"}),
    "royalties:reporting": Page(SOCIETY),
    "royalties:upload": Page(STAFF, STAFF),
    "royalties:report": Page(SOCIETY | {"contact"}, NOBODY, of_report),
    "royalties:report_progress": Page(SOCIETY | {"contact"}, NOBODY, of_report),
    "royalties:report_rejected": Page(SOCIETY, NOBODY, of_report),
    "royalties:report_lines": Page(SOCIETY, NOBODY, of_report),
    "royalties:overlap": Page(SOCIETY, NOBODY, of_two_reports),
    "royalties:overlap_csv": Page(SOCIETY, NOBODY, of_two_reports),
    "royalties:settle_report": Page(NOBODY, STAFF, of_report),
    "royalties:withdraw_report": Page(NOBODY, STAFF, of_report),
    "royalties:accept_report": Page(NOBODY, STAFF, of_report),
    "royalties:declare_total": Page(NOBODY, STAFF, of_report),
    "royalties:read_again": Page(NOBODY, STAFF, of_report),
    "royalties:columns": Page(SOCIETY, STAFF, of_unknown_table),
    "royalties:resume_report": Page(NOBODY, STAFF, of_report),
    "royalties:unmatched": Page(PUBLISHERS | WRITERS | SOCIETY),
    "royalties:song": Page(OWNER | SOCIETY, NOBODY, of_song),
    "royalties:accept_match": Page(NOBODY, STAFF, of_song),
    "royalties:reject_match": Page(NOBODY, STAFF, of_song),
    "royalties:review": Page(STAFF),
    "royalties:rematches": Page(SOCIETY, STAFF),
    "royalties:rematch": Page(SOCIETY, NOBODY, of_rematch),
    "royalties:apply_rematch": Page(NOBODY, STAFF, of_rematch),
    "royalties:undo_rematch": Page(NOBODY, STAFF, of_rematch),
    "royalties:review_song": Page(STAFF, STAFF, of_song),
    "royalties:decisions": Page(STAFF),
    "royalties:undo_decision": Page(NOBODY, STAFF, lambda world: {"ref": world.decision.ref}),
    "royalties:duplicates": Page(SOCIETY, STAFF),
    "royalties:compare_works": Page(SOCIETY, STAFF, of_two_works),
    "royalties:merges": Page(SOCIETY),
    "royalties:undo_merge": Page(NOBODY, STAFF, lambda world: {"ref": world.merge.ref}),
    "royalties:differences": Page(SOCIETY),
    "royalties:undo_difference": Page(NOBODY, STAFF, lambda world: {"ref": world.difference.ref}),
    "royalties:usage": Page(PUBLISHERS | WRITERS | SOCIETY),
    "royalties:work": Page(OWNER | SOCIETY, NOBODY, of_work),
    "royalties:work_names": Page(OWNER | SOCIETY, NOBODY, of_work),
    "royalties:names_matched": Page(PUBLISHERS | WRITERS | SOCIETY),
    "royalties:party_names": Page(OWNER | SOCIETY, NOBODY, of_party),
    "royalties:statements": Page(PUBLISHERS - {"copyright"} | WRITERS | SOCIETY),
    "royalties:statement": Page(OWNER | SOCIETY, NOBODY, of_statement),
    "royalties:statement_csv": Page(OWNER | SOCIETY, NOBODY, of_statement),
    "royalties:statement_song": Page(
        OWNER | SOCIETY, NOBODY, lambda world: {"ref": world.statement.ref, "work_ref": world.scene.strange.ref}
    ),
    "royalties:earning_lines": Page(OWNER | SOCIETY, NOBODY, of_earning),
    "royalties:remittances": Page(SOCIETY, STAFF),
    "royalties:accept_difference": Page(NOBODY, STAFF, of_remittance),
    "royalties:runs": Page(SOCIETY, STAFF),
    "royalties:run": Page(SOCIETY, NOBODY, of_run),
    # the ledger: read only, by the society
    "royalties:ledger": Page(SOCIETY),
    "royalties:ledger_check": Page(SOCIETY),
    "royalties:movement": Page(SOCIETY, NOBODY, of_movement),
    "royalties:sources": Page(SOCIETY, STAFF),
    # claims
    "claims:list": Page(PUBLISHERS | WRITERS | SOCIETY),
    "claims:file_share": Page(OWNER, NOBODY, of_work),  # a POST names a share of somebody else's: see tests/claims
    "claims:file_song": Page(COPYRIGHT | WRITERS, COPYRIGHT | WRITERS, lambda world: {"ref": world.scene.review.ref}),
    "claims:detail": Page(OWNER | SOCIETY, NOBODY, of_case),
    "claims:add_paper": Page(NOBODY, OWNER | STAFF, of_case),
    "claims:paper": Page(OWNER | SOCIETY, NOBODY, of_paper),
    "claims:add_message": Page(NOBODY, OWNER | STAFF, of_case),
    "claims:return_papers": Page(NOBODY, STAFF, of_case),
    "claims:accept_papers": Page(NOBODY, STAFF, of_case),
    "claims:close": Page(NOBODY, STAFF, of_case),
    "claims:withdraw": Page(NOBODY, OWNER, of_case),
    "tokens": Page(SIGNED_IN, SIGNED_IN),
    "revoke_token": Page(NOBODY, OWNER, lambda world: {"ref": world.token.ref}),
    # the API: for programs with a token, and for its page with a session; what is not there is said to strangers too
    "api:schema": Page(EVERYBODY),
    "api:docs": Page(EVERYBODY),
    "api:nothing_here": Page(NOBODY),
    "api:me": Page(SIGNED_IN),
    "api:notices": Page(SIGNED_IN, scope="notices"),
    "api:notices_read": Page(NOBODY, SIGNED_IN, scope="notices"),
    "api:works": Page(PUBLISHERS | WRITERS | SOCIETY, scope="works"),
    "api:work": Page(OWNER | SOCIETY, NOBODY, of_work, scope="works"),
    "api:names": Page(PUBLISHERS | WRITERS | SOCIETY, scope="works"),
    "api:names_export": Page(PUBLISHERS | WRITERS | SOCIETY, scope="works"),
    "api:names_import": Page(NAMERS | SOCIETY, NAMERS, scope="works"),
    "api:names_upload": Page(OWNER | SOCIETY, NOBODY, of_names_upload, scope="works"),
    "api:names_to_mend": Page(OWNER | SOCIETY, NOBODY, of_names_upload, scope="works"),
    "api:name_disputes": Page(PUBLISHERS | WRITERS | SOCIETY, scope="works"),
    "api:name": Page(OWNER | SOCIETY, NOBODY, of_name, scope="works"),
    "api:dispute_name": Page(NOBODY, OWNER | STAFF, of_name, scope="works"),
    "api:settle_dispute": Page(NOBODY, STAFF, of_name, scope="works"),
    "api:withdraw_name": Page(NOBODY, OWNER | STAFF, of_name, scope="works"),
    "api:add_name": Page(NOBODY, OWNER | STAFF, of_work, scope="works"),
    "api:party": Page(OWNER | SOCIETY, NOBODY, of_party, scope="works"),
    "api:add_party_name": Page(NOBODY, OWNER | STAFF, of_party, scope="works"),
    "api:work_names": Page(OWNER | SOCIETY, NOBODY, of_work, scope="royalties"),
    "api:party_names": Page(OWNER | SOCIETY, NOBODY, of_party, scope="royalties"),
    "api:catalogues": Page(PUBLISHERS | SOCIETY, COPYRIGHT, scope="works"),
    "api:catalogue": Page(OWNER | SOCIETY, NOBODY, of_upload, scope="works"),
    "api:catalogue_rows": Page(OWNER | SOCIETY, NOBODY, of_upload, scope="works"),
    "api:catalogue_to_mend": Page(OWNER | SOCIETY, NOBODY, of_upload, scope="works"),
    "api:catalogue_template": Page(PUBLISHERS | SOCIETY, scope="works"),
    "api:sources": Page(SOCIETY, scope="royalties"),
    "api:source": Page(SOCIETY, NOBODY, lambda world: {"code": "tme"}, scope="royalties"),
    "api:source_bases": Page(NOBODY, STAFF, lambda world: {"code": "tme"}, scope="royalties"),
    "api:source_prices": Page(NOBODY, STAFF, lambda world: {"code": "tme"}, scope="royalties"),
    "api:source_calendars": Page(NOBODY, STAFF, lambda world: {"code": "tme"}, scope="royalties"),
    "api:months": Page(SOCIETY, scope="royalties"),
    "api:source_divisions": Page(NOBODY, STAFF, lambda world: {"code": "tme"}, scope="royalties"),
    "api:reports": Page(SOCIETY | {"contact"}, STAFF, scope="royalties"),
    "api:report": Page(SOCIETY | {"contact"}, NOBODY, of_report, scope="royalties"),
    "api:report_lines": Page(SOCIETY, NOBODY, of_report, scope="royalties"),
    "api:report_rejected": Page(SOCIETY, NOBODY, of_report, scope="royalties"),
    "api:settle_report": Page(NOBODY, STAFF, of_report, scope="royalties"),
    "api:withdraw_report": Page(NOBODY, STAFF, of_report, scope="royalties"),
    "api:accept_report": Page(NOBODY, STAFF, of_report, scope="royalties"),
    "api:overlap": Page(SOCIETY, NOBODY, of_two_reports, scope="royalties"),
    "api:overlap_songs": Page(SOCIETY, NOBODY, of_two_reports, scope="royalties"),
    "api:declare_total": Page(NOBODY, STAFF, of_report, scope="royalties"),
    "api:read_again": Page(NOBODY, STAFF, of_report, scope="royalties"),
    "api:report_columns": Page(SOCIETY, STAFF, of_unknown_table, scope="royalties"),
    "api:resume_report": Page(NOBODY, STAFF, of_report, scope="royalties"),
    "api:songs": Page(PUBLISHERS | WRITERS | SOCIETY, scope="royalties"),
    "api:song": Page(OWNER | SOCIETY, NOBODY, of_song, scope="royalties"),
    "api:accept_match": Page(NOBODY, STAFF, of_song, scope="royalties"),
    "api:divide_song": Page(NOBODY, STAFF, of_song, scope="royalties"),
    "api:reject_match": Page(NOBODY, STAFF, of_song, scope="royalties"),
    "api:decisions": Page(STAFF, scope="royalties"),
    "api:undo_decision": Page(NOBODY, STAFF, lambda world: {"ref": world.decision.ref}, scope="royalties"),
    "api:equal_songs": Page(STAFF, NOBODY, of_song, scope="royalties"),
    "api:leave_out": Page(NOBODY, STAFF, of_song, scope="royalties"),
    "api:rematches": Page(SOCIETY, STAFF, scope="royalties"),
    "api:rematch": Page(SOCIETY, NOBODY, of_rematch, scope="royalties"),
    "api:rematch_songs": Page(SOCIETY, NOBODY, of_rematch, scope="royalties"),
    "api:apply_rematch": Page(NOBODY, STAFF, of_rematch, scope="royalties"),
    "api:undo_rematch": Page(NOBODY, STAFF, of_rematch, scope="royalties"),
    "api:duplicates": Page(SOCIETY, scope="royalties"),
    "api:compare_works": Page(SOCIETY, NOBODY, of_two_works, scope="royalties"),
    "api:merge_works": Page(NOBODY, STAFF, of_two_works, scope="royalties"),
    "api:tell_works_apart": Page(NOBODY, STAFF, of_two_works, scope="royalties"),
    "api:merges": Page(SOCIETY, scope="royalties"),
    "api:undo_merge": Page(NOBODY, STAFF, lambda world: {"ref": world.merge.ref}, scope="royalties"),
    "api:differences": Page(SOCIETY, scope="royalties"),
    "api:undo_difference": Page(NOBODY, STAFF, lambda world: {"ref": world.difference.ref}, scope="royalties"),
    "api:usage": Page(PUBLISHERS | WRITERS | SOCIETY, scope="royalties"),
    "api:usage_by_service": Page(PUBLISHERS | WRITERS | SOCIETY, scope="royalties"),
    "api:usage_of_work": Page(OWNER | SOCIETY, NOBODY, of_work, scope="royalties"),
    "api:usage_months": Page(OWNER | SOCIETY, NOBODY, of_work, scope="royalties"),
    "api:statements": Page(PUBLISHERS - {"copyright"} | WRITERS | SOCIETY, scope="royalties"),
    "api:statement_months": Page(PUBLISHERS - {"copyright"} | WRITERS | SOCIETY, scope="royalties"),
    "api:statement": Page(OWNER | SOCIETY, NOBODY, of_statement, scope="royalties"),
    "api:statement_songs": Page(OWNER | SOCIETY, NOBODY, of_statement, scope="royalties"),
    "api:statement_earnings": Page(OWNER | SOCIETY, NOBODY, of_statement, scope="royalties"),
    "api:statement_csv": Page(OWNER | SOCIETY, NOBODY, of_statement, scope="royalties"),
    "api:statement_earning": Page(OWNER | SOCIETY, NOBODY, of_earning, scope="royalties"),
    "api:earning_lines": Page(OWNER | SOCIETY, NOBODY, of_earning, scope="royalties"),
    "api:remittances": Page(SOCIETY, STAFF, scope="royalties"),
    "api:remittance": Page(SOCIETY, NOBODY, of_remittance, scope="royalties"),
    "api:accept_difference": Page(NOBODY, STAFF, of_remittance, scope="royalties"),
    "api:resting": Page(SOCIETY, scope="royalties"),
    "api:runs": Page(SOCIETY, STAFF, scope="royalties"),
    "api:run": Page(SOCIETY, NOBODY, of_run, scope="royalties"),
    "api:ledger": Page(SOCIETY, scope="royalties"),
    "api:ledger_check": Page(SOCIETY, scope="royalties"),
    "api:movements": Page(SOCIETY, scope="royalties"),
    "api:movement": Page(SOCIETY, NOBODY, of_movement, scope="royalties"),
    "api:movement_entries": Page(SOCIETY, NOBODY, of_movement, scope="royalties"),
    "api:run_statements": Page(SOCIETY, NOBODY, of_run, scope="royalties"),
    "api:cases": Page(PUBLISHERS | WRITERS | SOCIETY, scope="claims"),
    "api:case": Page(OWNER | SOCIETY, NOBODY, of_case, scope="claims"),
    "api:case_history": Page(OWNER | SOCIETY, NOBODY, of_case, scope="claims"),
    "api:case_papers": Page(OWNER | SOCIETY, OWNER | STAFF, of_case, scope="claims"),
    "api:case_paper": Page(OWNER | SOCIETY, NOBODY, of_paper, scope="claims"),
    "api:case_messages": Page(NOBODY, OWNER | STAFF, of_case, scope="claims"),
    "api:case_return": Page(NOBODY, STAFF, of_case, scope="claims"),
    "api:case_accept": Page(NOBODY, STAFF, of_case, scope="claims"),
    "api:case_close": Page(NOBODY, STAFF, of_case, scope="claims"),
    "api:case_withdraw": Page(NOBODY, OWNER, of_case, scope="claims"),
    "api:disputable_shares": Page(OWNER, NOBODY, of_work, scope="claims"),
    "api:share_cases": Page(NOBODY, OWNER, of_work, scope="claims"),
    "api:own_works": Page(COPYRIGHT | WRITERS, NOBODY, lambda world: {"ref": world.scene.review.ref}, scope="claims"),
    "api:song_cases": Page(NOBODY, COPYRIGHT | WRITERS, lambda world: {"ref": world.scene.review.ref}, scope="claims"),
}
NO_ENDPOINT = {"api:schema", "api:docs", "api:nothing_here"}
ENDPOINTS = {name: page for name, page in PAGES.items() if name.startswith("api:") and name not in NO_ENDPOINT}


def url_names(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    """Every URL of the site map by name; a nameless one fails here."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from url_names(pattern, f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix)
        else:
            assert isinstance(pattern, URLPattern)
            assert pattern.name, f"{pattern.pattern} has no name"
            yield f"{prefix}{pattern.name}"


def test_every_url_is_known() -> None:
    assert set(url_names()) == set(PAGES)


@pytest.fixture
def world(db: None, tmp_path: Path, settings: Any) -> World:
    settings.MEDIA_ROOT = tmp_path
    settings.ACCOUNT_RATE_LIMITS = False  # the walk knocks more often than a person
    settings.API_REQUESTS_PER_MINUTE = dict.fromkeys(settings.API_REQUESTS_PER_MINUTE, 10_000_000)
    return make_world()


def make_world() -> World:
    """The scene with one of everything that has an address, all of it the stranger's."""
    scene = make_scene()
    run = distribute_all(scene).run
    assert run is not None
    users = scene.everybody()
    users["disabled"] = User.objects.create_user("disabled@garak.example", name="disabled", is_active=False)
    users["nobody"] = User.objects.create_user("nobody@garak.example", name="nobody")
    users["former"] = User.objects.create_user("former@garak.example", name="former")
    stranger = Membership.objects.get(user=scene.stranger)
    for name in ("former", "disabled"):
        Membership.objects.create(
            user=users[name],
            organisation=stranger.organisation,
            role=Role.PUBLISHER_SUPER,
            from_date=dt.date(2026, 1, 1),
            until_date=dt.date(2026, 2, 1) if name == "former" else None,
        )
    desk = scene.haeon.memberships.get().organisation
    today = timezone.localdate()
    delegations = {}
    for name, until_date in (("delegate", today + dt.timedelta(days=1)), ("former_delegate", today)):
        users[name] = User.objects.create_user(f"{name}@garak.example", name=name)
        delegations[name] = Membership.objects.create(
            user=users[name],
            organisation=desk,
            role=Role.DELEGATE,
            from_date=dt.date(2026, 1, 1),
            until_date=until_date,
        )
    case = claims.file_unmatched_case(
        recording=scene.unmatched,
        work=scene.strange,
        party=scene.stranger_party,
        reason=f"{CANARY} 이유",
        paper=SimpleUploadedFile(f"{CANARY}.pdf", b"%PDF-1.7 " + CANARY.encode()),
        actor=scene.stranger,
    )
    decision = leave_out_songs(songs=[scene.unmatched], actor=scene.staff, reason=CANARY, seen={})
    assert decision is not None
    Notice.objects.create(user=scene.stranger, sentence=f"{CANARY} notice")
    file = StoredFile.objects.create(label=f"{CANARY}.csv", sha256="c" * 64, size_bytes=1)
    upload = CatalogueUpload.objects.create(
        organisation=stranger.organisation, file=file, uploaded_by=scene.stranger, rows=1
    )
    CatalogueRow.objects.create(
        upload=upload, row_no=2, work_no=1, values={"title": CANARY}, outcome=CatalogueRow.Outcome.TO_MEND
    )
    names_upload = NamesUpload.objects.create(
        organisation=stranger.organisation, file=file, uploaded_by=scene.stranger, rows=1, wrong=1
    )
    problem = {"column": "ref", "value": CANARY, "code": "ref-unknown", "params": {}}
    NamesRow.objects.create(upload=names_upload, row_no=2, values={"text": CANARY}, problems=[problem])
    create_job(kind=NAMES_TASK, subject_id=names_upload.pk, owner=scene.stranger, stage="add", chunks=[], bell=False)
    alias = add_name(
        named=scene.strange,
        name=NewName(text=f"{CANARY} 别名", kind="translated"),
        speaker=Speaker(source="publisher", user=scene.stranger, organisation=stranger.organisation),
    )
    assert isinstance(alias, WorkTitle)
    dispute_name(
        name=alias,
        reason=f"{CANARY} 아님",
        speaker=Speaker(source="publisher", user=scene.stranger, organisation=stranger.organisation),
    )
    twin, gone, another = (add_work(f"{CANARY}의 노래 {number}") for number in (2, 3, 4))
    for work in (twin, gone, another):
        add_share(work, scene.stranger_party, Fraction(1), "E", Right.PERFORMING)
    merge = merge_works(survivor=twin, merged=gone, actor=scene.staff, reason=CANARY)
    difference = tell_apart(one=scene.strange, other=another, actor=scene.staff, reason=CANARY)
    unknown_table = add_report([], source="mcsc", period=dt.date(2026, 12, 1), state=Report.State.MAPPING)
    rows = [["곡명", "이용월", "사용료"], [CANARY, "2026-12", "1.5"], [CANARY, "2026-12", "2"]]
    FirstLines.objects.create(report=unknown_table, rows=rows)
    return World(
        unknown_table=unknown_table,
        scene=scene,
        users=users,
        case=case,
        upload=upload,
        names_upload=names_upload,
        statement=Statement.objects.get(run=run, party=scene.stranger_party),
        run=run,
        remittance=Remittance.objects.get(),
        token=issue_token(user=scene.stranger, name=CANARY, scopes=[], until_date=in_two_days())[0],
        delegation=delegations["delegate"],
        decision=decision,
        rematch=Rematch.objects.create(state=Rematch.State.READY, created_by=scene.staff),
        name=alias,
        twin=twin,
        merge=merge,
        difference=difference,
    )


def everything() -> dict[str, str]:
    """A fingerprint of every table, to see that a refused request changed nothing (sessions and the count of requests apart)."""
    apart = {"django_session", "rest_requestcount"}
    with connection.cursor() as cursor:
        tables = [table for table in connection.introspection.table_names(cursor) if table not in apart]
        parts = [
            f"SELECT '{t}', count(*) || ':' || coalesce(sum(hashtext(r::text)::bigint), 0) FROM \"{t}\" r"
            for t in tables
        ]
        cursor.execute(" UNION ALL ".join(parts))
        return dict(cursor.fetchall())


def answer(client: Client, method: str, url: str) -> HttpResponse:
    """One request whose effects are taken back."""
    cookies = copy.copy(client.cookies)
    with transaction.atomic():
        response: HttpResponse = client.generic(method, url)  # type: ignore[assignment]
        body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
        response.headers["X-Body"] = ""
        response._body_for_test = body  # type: ignore[attr-defined]
        transaction.set_rollback(True)
    client.cookies = cookies  # signing out is taken back too
    return response


def is_sign_in(response: HttpResponse) -> bool:
    return response.status_code == 302 and response.headers["Location"].startswith(reverse(settings.LOGIN_URL))


def expected_to_answer(page: Page, method: str, actor: str) -> bool:
    if method in {"GET", "HEAD"}:
        return actor in page.get
    return method == "POST" and actor in page.post


@pytest.mark.parametrize("actor", sorted(EVERYBODY))
def test_it_answers_only_those_it_is_for(world: World, actor: str) -> None:
    client = Client(raise_request_exception=True)
    if actor != "anonymous":
        client.force_login(world.users[actor], backend="django.contrib.auth.backends.ModelBackend")
    wrong: list[str] = []
    calls = 0
    before = everything()
    for name, page in PAGES.items():
        url = reverse(name, kwargs=page.args(world))
        for method in METHODS:
            response = answer(client, method, url)
            calls += 1
            status, body = response.status_code, response._body_for_test  # type: ignore[attr-defined]
            said = f"{actor} {method} {name}: {status}"
            if name.startswith("account_") and method not in {"GET", "POST"}:
                pass  # allauth takes other methods for one of these; that they change nothing is the next test's matter
            elif expected_to_answer(page, method, actor) and not (method == "HEAD" and status == 405):
                if status not in {200, 302, 400, 403, 409} or (
                    is_sign_in(response) and not name.startswith("account_")
                ):
                    wrong.append(f"{said}, expected an answer")
                if status == 403:
                    wrong.append(f"{said}: what is not yours does not exist (404)")
            elif name.startswith("api:") and actor in {"anonymous", "disabled"}:
                if status != (401 if name in ENDPOINTS else 404 if name == "api:nothing_here" else 405):
                    wrong.append(f"{said}, expected 401, or 404 and 405 where nobody is asked for")
            elif actor in {"anonymous", "disabled"}:
                if not is_sign_in(response) and status != 405 and not (method == "OPTIONS" and not body):
                    wrong.append(f"{said}, expected the sign-in")
            elif status not in {404, 405} and not (method == "OPTIONS" and status == 200 and not body):
                wrong.append(f"{said}, expected 404 or 405")
            if CANARY.encode() in body + str(response.headers).encode() and actor not in OWNER | SOCIETY:
                wrong.append(f"{said} sends the canary")
            if status >= 500:
                wrong.append(f"{said}: an error of the server")
    assert everything() == before  # every request was taken back; see below for the refused ones
    print(f"{actor}: {calls} calls, {len(PAGES)} URLs, {len(wrong)} wrong")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("actor", sorted(EVERYBODY - {"anonymous"}))
def test_a_token_opens_what_its_scopes_and_its_owner_may(world: World, actor: str) -> None:
    """As its owner with every scope; 403 with none, whatever the owner's role; 401 once the account is closed."""
    whole, bare = (client_with_token(world.users[actor], scopes) for scopes in (list(Scope), []))
    wrong: list[str] = []
    calls = 0
    for name, page in ENDPOINTS.items():
        url = reverse(name, kwargs=page.args(world))
        takes = ({"GET", "HEAD"} if page.get else set()) | ({"POST"} if page.post else set())
        for method, client in [*((method, whole) for method in METHODS), *((method, bare) for method in sorted(takes))]:
            response = answer(client, method, url)
            calls += 1
            status, body = response.status_code, response._body_for_test  # type: ignore[attr-defined]
            if actor == "disabled":
                expected = {401}
            elif method not in takes:
                expected = {405}
            elif client is bare and page.scope:
                expected = {403}
            elif not expected_to_answer(page, method, actor):
                expected = {404}
            else:
                expected = {200, 201, 202, 400, 409}
            if status not in expected:
                wrong.append(f"{actor} {method} {name} {'with' if client is whole else 'without'} scopes: {status}")
            if CANARY.encode() in body + str(response.headers).encode() and actor not in OWNER | SOCIETY:
                wrong.append(f"{actor} {method} {name} sends the canary")
    print(f"{actor}: {calls} calls with tokens, {len(ENDPOINTS)} endpoints, {len(wrong)} wrong")
    assert not wrong, "\n".join(wrong)


def in_two_days() -> dt.date:
    return timezone.localdate() + dt.timedelta(days=2)


def client_with_token(user: User, scopes: list[Scope]) -> Client:
    _token, text = issue_token(user=user, name="walk", scopes=scopes, until_date=in_two_days())
    return Client(headers={"authorization": f"Bearer {text}"})


@pytest.mark.parametrize("actor", sorted(EVERYBODY))
def test_a_refused_request_changes_nothing(world: World, actor: str) -> None:
    client = Client()
    if actor != "anonymous":
        client.force_login(world.users[actor], backend="django.contrib.auth.backends.ModelBackend")
    before = everything()
    for name, page in PAGES.items():
        url = reverse(name, kwargs=page.args(world))
        for method in set(METHODS) - SAFE:
            if not expected_to_answer(page, method, actor):
                client.generic(method, url)
    assert everything() == before


def test_reading_changes_nothing(world: World) -> None:
    client = Client()
    client.force_login(world.scene.staff, backend="django.contrib.auth.backends.ModelBackend")
    before = everything()
    for page in (reverse(name, kwargs=page.args(world)) for name, page in PAGES.items() if name != "account_logout"):
        response = client.get(page)
        assert response.status_code < 500
        if response.streaming:
            assert b"".join(response.streaming_content)  # type: ignore[attr-defined]  # read to the end, which closes the file
    assert everything() == before


def test_the_canary_is_there_to_be_seen(world: World) -> None:
    """Otherwise the walk above would prove nothing: its owner meets it on every page that shows one object."""
    client = Client()
    client.force_login(world.scene.stranger, backend="django.contrib.auth.backends.ModelBackend")
    for name in (
        "works:list",
        "works:detail",
        "works:names",
        "works:names_csv",
        "works:names_import",
        "works:names_upload",
        "works:names_to_mend",
        "api:names_to_mend",
        "works:name",
        "works:disputes",
        "works:party",
        "royalties:work_names",
        "royalties:party_names",
        "api:names",
        "api:name_disputes",
        "royalties:song",
        "royalties:usage",
        "royalties:statement",
        "claims:detail",
        "claims:paper",
        "api:case",
        "api:case_history",
        "api:case_paper",
    ):
        body = answer(client, "GET", reverse(name, kwargs=PAGES[name].args(world)))._body_for_test  # type: ignore[attr-defined]
        assert CANARY.encode() in body, name
