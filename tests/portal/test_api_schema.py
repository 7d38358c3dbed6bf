"""The API keeps what its document promises, whoever asks and whatever is sent: no error of the server, no surprise.

schemathesis reads the document and makes right and wrong requests for every operation in it, so an endpoint is covered as soon
as it is declared. Each role sends its own; every second one names things that are there. Effects are taken back after each.

GARAK_API_CASES is the number of invented requests per operation and role. Every case that follows from the document by itself
(the limits of each field, each missing one, other methods) is tried once, as somebody who may use the operation.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.apps import apps
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import HealthCheck, settings as hypothesis_settings
from schemathesis import APIOperation, Case, CheckContext, Config, Response
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.pytest.lazy import get_all_tests
from schemathesis.specs.openapi.checks import positive_data_acceptance

from portal.accounts.models import Role
from portal.rest.scopes import Scope
from tests.portal.api import token_of
from tests.test_access import PAGES, World, make_world

AnyCase = Case[Any]
AnyOperation = APIOperation[Any, Any, Any, Any]
CASES = int(os.environ.get("GARAK_API_CASES", "2"))
ROLES = ["stranger", "finance", "haeon", "delegate", "staff", "auditor", "contact", "nobody", "anonymous"]
SEED = 20261122
INVENTED = hypothesis_settings(
    max_examples=CASES, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
DOCUMENT = "/api/v1/schema/"
# of a text, or of two fields together, by a schema
UNSAYABLE = {"blank", "null_characters_not_allowed", "surrogate_characters_not_allowed", "above_one"}
SAID_OF_SHAPE = {"input-not-valid", "body-unreadable", "media-type-not-supported"}


@dataclass
class Walk:
    """One role's way through the document."""

    headers: dict[str, str]
    refs: dict[str, list[str]]  # the first letter of a ref → all that are there
    arguments: dict[str, dict[str, Any]]  # path of the document → what names the stranger's
    statuses: Counter[int] = field(default_factory=Counter)
    operations: set[str] = field(default_factory=set)

    def name_what_is_there(self, case: AnyCase) -> None:
        """Every second request of an operation: the stranger's own, or another of its kind."""
        turn = self.statuses.total()
        given = self.arguments[case.operation.path]
        if given and turn % 2:
            case.path_parameters = {name: self._another(str(value), turn) for name, value in given.items()}

    def send(self, case: AnyCase) -> None:
        """One request and everything that the document says of its answer. Its effects are taken back."""
        self.name_what_is_there(case)
        with transaction.atomic():
            response = case.call(headers=self.headers)
            self.statuses[response.status_code] += 1
            self.operations.add(case.operation.label)
            case.validate_response(
                response,
                headers=self.headers,
                additional_checks=[what_is_declared_right_is_not_called_wrong],
                excluded_checks=[positive_data_acceptance],
            )
            transaction.set_rollback(True)

    def _another(self, value: str, turn: int) -> str:
        kind = self.refs.get(value.partition("-")[0], [])
        return kind[turn // 4 % len(kind)] if turn % 4 == 3 and kind else value


@pytest.fixture
def application(db: None) -> Iterator[Any]:
    """The portal as gunicorn calls it, but on this test's connection and in its transaction."""
    portal = get_wsgi_application()

    def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        response = portal(environ, start_response)
        try:
            return list(response)
        finally:
            response.close()  # which closes the files that came with the request

    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield answer
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.mark.parametrize("role", ROLES)
def test_every_operation_keeps_its_promise(role: str, application: Any, tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.ALLOWED_HOSTS = ["*"]
    settings.API_REQUESTS_PER_MINUTE = dict.fromkeys(settings.API_REQUESTS_PER_MINUTE, 10_000_000)
    world = make_world()
    token = "" if role == "anonymous" else token_of(world.users[role], list(Scope))
    walk = Walk({"Authorization": f"Bearer {token}"} if token else {}, all_refs(), all_arguments(world))
    document = schemathesis.openapi.from_wsgi(DOCUMENT, application, config=Config(seed=SEED))
    violations: list[str] = []
    for thorough, part in (
        (True, document.include(lambda context: who_tries_all(context.operation) == role)),
        (False, document.exclude(lambda context: who_tries_all(context.operation) == role)),
    ):
        part.config.phases.coverage.enabled = thorough
        for built in get_all_tests(schema=part, test_func=walk.send, settings=INVENTED, given_kwargs=None):
            assert isinstance(built, Ok), built.err()
            operation, send_all = built.ok()
            try:
                send_all()
            except FailureGroup as failures:
                violations += [f"{operation.label}: {failure}" for failure in failures.exceptions]
    operations = document.statistic.operations.total
    server_errors = sum(count for status, count in walk.statuses.items() if status >= 500)
    print(
        f"{role}: {len(walk.operations)} of {operations} operations, {walk.statuses.total()} requests, "
        f"{server_errors} server errors, {len(violations)} schema violations; {dict(sorted(walk.statuses.items()))}"
    )
    assert not violations, "\n\n".join(violations)
    assert len(walk.operations) == operations


def what_is_declared_right_is_not_called_wrong(context: CheckContext, response: Response, case: AnyCase) -> None:
    """A request of the declared shape may fail a rule of its room, which has its own code, but not for its shape."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code < 400:
        return
    answer = response.json()
    if answer["error"] in SAID_OF_SHAPE and not {wrong["error"] for wrong in answer["fields"]} & UNSAYABLE:
        raise Failure(operation=case.operation.label, message=f"The document allows it, but: {response.text}")


def who_tries_all(operation: AnyOperation) -> str:
    """The staff where they may, else the publisher, whose everything is."""
    needs = endpoints()[operation.path].callback.cls.needs[operation.method.upper()]  # type: ignore[attr-defined]
    return "staff" if needs.roles is None or Role.STAFF in needs.roles else "stranger"


def all_refs() -> dict[str, list[str]]:
    refs = defaultdict(list)
    for model in apps.get_models():
        if any(column.name == "ref" for column in model._meta.fields):
            for ref in model._default_manager.order_by("pk").values_list("ref", flat=True):
                refs[ref.partition("-")[0]].append(ref)
    return refs


def all_arguments(world: World) -> dict[str, dict[str, Any]]:
    """Path of the document → the arguments with which the matrix of access asks for it."""
    return {path: PAGES[f"api:{entry.name}"].args(world) for path, entry in endpoints().items()}


@cache
def endpoints() -> dict[str, URLPattern]:
    """Path of the document → what stands there."""
    (root,) = [entry for entry in get_resolver().url_patterns if getattr(entry, "namespace", "") == "api"]
    (version,) = [entry for entry in root.url_patterns if isinstance(entry, URLResolver)]  # type: ignore[union-attr]
    return {
        re.sub(r"<\w+:(\w+)>", r"{\1}", f"/{root.pattern}{version.pattern}{entry.pattern}"): entry
        for entry in version.url_patterns
        if isinstance(entry, URLPattern)
    }
