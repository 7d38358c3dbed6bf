"""How often one may ask: counted per person and per stranger's address, in PostgreSQL.

A minute may turn while a test runs, so each asks more often than two minutes allow.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone
from rest_framework.request import Request

from portal.rest.models import KeyedAnswer, RequestCount
from portal.rest.scopes import Scope
from portal.rest.tasks import sweep
from portal.rest.throttling import address_of
from tests.portal.api import error_of, program, token_of
from tests.royalties.scene import Scene, make_scene

ME, READ = "/api/v1/me/", "/api/v1/notices/read/"


@pytest.fixture
def scene(db: None, settings: Any) -> Scene:
    settings.API_REQUESTS_PER_MINUTE = {"read": 1, "write": 1, "stranger": 1}
    return make_scene()


def refused(responses: list[Any]) -> list[Any]:
    return [response for response in responses if response.status_code == 429]


def test_too_many_are_told_when_to_come_again(scene: Scene) -> None:
    client = program(scene.dalbit)
    response = refused([client.get(ME) for _ in range(3)])[0]
    body = error_of(response, 429)
    assert body["error"] == "too-many-requests"
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert response.headers["Retry-After"] in body["remedy"]


def test_more_tokens_do_not_give_more(scene: Scene) -> None:
    texts = [token_of(scene.dalbit, [Scope.NOTICES_READ]) for _ in range(6)]
    answers = [Client(headers={"authorization": f"Bearer {text}"}).get(ME) for text in texts]
    assert len(refused(answers)) >= 4


def test_one_person_does_not_take_it_from_another(scene: Scene) -> None:
    clients = [program(user) for user in (scene.dalbit, scene.haeon, scene.staff)]
    assert refused([client.get(ME) for client in clients]) == []


def test_reading_does_not_take_it_from_writing(scene: Scene) -> None:
    client = program(scene.dalbit)
    assert refused([client.get(ME), client.post(READ, content_type="application/json")]) == []
    assert len(refused([client.post(READ, content_type="application/json") for _ in range(3)])) >= 1


def test_who_guesses_tokens_is_slowed_by_address(scene: Scene) -> None:
    guesses = [Client(headers={"authorization": f"Bearer garak_{number}"}).get(ME) for number in range(4)]
    assert {response.status_code for response in guesses} == {401, 429}


def test_an_address_cannot_be_invented(scene: Scene) -> None:
    asked = [Client(headers={"x-forwarded-for": f"10.0.0.{number}"}).get(ME) for number in range(4)]
    assert len(refused(asked)) >= 2


def test_an_unknown_address_counts_too(scene: Scene) -> None:
    assert len(refused([Client().get("/api/nothing/") for _ in range(4)])) >= 2


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_of_ipv6_one_customer_counts_once(address: str, counted_as: str) -> None:
    assert address_of(Request(RequestFactory().get("/", REMOTE_ADDR=address))) == counted_as


def test_a_minute_later_one_may_go_on(scene: Scene) -> None:
    client = program(scene.dalbit)
    assert refused([client.get(ME) for _ in range(3)])
    RequestCount.objects.update(minute=timezone.now() - dt.timedelta(minutes=1))
    assert client.get(ME).status_code == 200


def test_old_counts_and_answers_are_swept(scene: Scene) -> None:
    program(scene.dalbit).post(READ, content_type="application/json", headers={"idempotency-key": "a"})
    sweep()
    assert RequestCount.objects.exists()
    assert KeyedAnswer.objects.exists()
    RequestCount.objects.update(minute=timezone.now() - dt.timedelta(hours=2))
    KeyedAnswer.objects.update(created_at=timezone.now() - dt.timedelta(hours=25))
    sweep()
    assert not RequestCount.objects.exists()
    assert not KeyedAnswer.objects.exists()
