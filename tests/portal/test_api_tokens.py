"""Personal tokens: shown once, kept as a fingerprint, good for what they say and no longer than they say."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.utils import timezone

from portal.accounts.models import Membership, Role, User
from portal.notices.models import Notice
from portal.rest.api import ApiView
from portal.rest.models import Token
from portal.rest.scopes import NOT_FOR, Scope, carries, scopes_of_use
from portal.rest.tokens import MOST_TOKENS, TooManyTokens, issue_token, revoke_token
from tests.portal.api import error_of, in_days, program, token_of
from tests.royalties.scene import Scene, make_scene, signed_in

ME = "/api/v1/me/"


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def ask(text: str, **headers: str) -> Any:
    return Client(headers={"authorization": f"Bearer {text}", **headers}).get(ME)


def test_a_token_acts_as_its_user(scene: Scene) -> None:
    said = program(scene.dalbit, Scope.WORKS_READ).get(ME).json()
    assert said["email"] == scene.dalbit.email
    assert [seat["role"] for seat in said["memberships"]] == ["publisher_super"]
    assert said["token"]["scopes"] == ["works:read"]


def test_the_text_is_kept_nowhere(scene: Scene) -> None:
    text = token_of(scene.dalbit, [Scope.WORKS_READ])
    ask(text)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*) FROM "{table}" r WHERE position(%s in r::text) > 0', [text])
            assert cursor.fetchone() == (0,), table


@pytest.mark.parametrize("text", ["", "x", "garak_", "garak_ÿ", "garak_" + "a" * 10_000])
def test_an_unknown_token_is_refused_and_told_how_to_get_one(scene: Scene, text: str) -> None:
    response = ask(text)
    assert error_of(response, 401)["error"] == "token-not-valid"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_bad_token_is_refused_although_the_session_is_good(scene: Scene) -> None:
    assert signed_in(scene.dalbit).get(ME).status_code == 200
    assert signed_in(scene.dalbit).get(ME, headers={"authorization": "Bearer garak_x"}).status_code == 401


@pytest.mark.parametrize("page", ["/", "/works/", "/cases/", "/account/tokens/"])
def test_a_token_opens_no_page_and_starts_no_session(scene: Scene, page: str) -> None:
    client = program(scene.dalbit)
    assert client.get(ME).cookies == {}
    assert client.get(page).headers["Location"].startswith("/account/login/")
    assert (
        client.post("/account/tokens/", {"name": "another", "scopes": ["works:write"], "days": "365"}).status_code
        == 302
    )
    assert not Token.objects.filter(name="another").exists()


@pytest.mark.parametrize("name", ["token", "access_token", "authorization"])
def test_a_token_in_an_address_opens_nothing(scene: Scene, name: str) -> None:
    text = token_of(scene.dalbit, [Scope.WORKS_READ])
    assert error_of(Client().get(f"{ME}?{name}={text}"), 401)["error"] == "not-signed-in"


def test_a_revoked_token_is_refused(scene: Scene) -> None:
    token, text = issue_token(user=scene.dalbit, name="x", scopes=[Scope.WORKS_READ], until_date=in_days(2))
    assert ask(text).status_code == 200
    revoke_token(token=token)
    error_of(ask(text), 401)
    token.refresh_from_db()
    first = token.revoked_at
    revoke_token(token=token)
    token.refresh_from_db()
    assert token.revoked_at == first


def test_a_token_ends_with_its_last_day(scene: Scene) -> None:
    token, text = issue_token(user=scene.dalbit, name="x", scopes=[Scope.WORKS_READ], until_date=in_days(1))
    assert ask(text).status_code == 200
    Token.objects.filter(pk=token.pk).update(from_date=in_days(-3), until_date=in_days(0))
    error_of(ask(text), 401)


def test_a_closed_account_has_no_token(scene: Scene) -> None:
    text = token_of(scene.dalbit, [Scope.WORKS_READ])
    User.objects.filter(pk=scene.dalbit.pk).update(is_active=False)
    error_of(ask(text), 401)


def test_a_role_that_ended_takes_what_the_token_opened(scene: Scene) -> None:
    client = program(scene.dalbit)
    assert client.get("/api/v1/works/").json()["results"]
    Membership.objects.filter(user=scene.dalbit).update(until_date=timezone.localdate())
    error_of(client.get("/api/v1/works/"), 404)
    assert client.get(ME).json()["memberships"] == []


def test_a_scope_is_needed_and_named(scene: Scene) -> None:
    body = error_of(program(scene.dalbit, Scope.NOTICES_READ).get("/api/v1/works/"), 403)
    assert body["error"] == "scope-missing"
    assert "works:read" in body["message"]


def test_writing_includes_reading_in_its_room_only() -> None:
    assert carries(["works:write"], Scope.WORKS_READ)
    assert not carries(["works:read"], Scope.WORKS_WRITE)
    assert not carries(["works:write"], Scope.CLAIMS_READ)


def test_a_session_needs_no_scope_but_proof_that_a_page_sent_it(scene: Scene) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(scene.dalbit)
    assert client.get("/api/v1/notices/").status_code == 200
    assert (
        error_of(client.post("/api/v1/notices/read/", content_type="application/json"), 403)["error"] == "csrf-failed"
    )


def test_a_token_needs_no_such_proof(scene: Scene) -> None:
    text = token_of(scene.dalbit, [Scope.NOTICES_WRITE])
    client = Client(enforce_csrf_checks=True, headers={"authorization": f"Bearer {text}"})
    assert client.post("/api/v1/notices/read/", content_type="application/json").status_code == 200


def test_its_use_is_noted_but_not_with_every_request(scene: Scene) -> None:
    token, text = issue_token(user=scene.dalbit, name="x", scopes=[Scope.WORKS_READ], until_date=in_days(2))
    ask(text)
    token.refresh_from_db()
    noted = token.last_used_at
    assert noted is not None
    ask(text)
    token.refresh_from_db()
    assert token.last_used_at == noted


def test_its_owner_is_told(scene: Scene) -> None:
    token_of(scene.dalbit, [Scope.WORKS_READ])
    notice = Notice.objects.get(user=scene.dalbit)
    assert "a program" in notice.text
    assert notice.url == "/account/tokens/"


def test_nobody_has_more_than_so_many(scene: Scene) -> None:
    for _ in range(MOST_TOKENS):
        token_of(scene.dalbit, [Scope.WORKS_READ])
    with pytest.raises(TooManyTokens):
        token_of(scene.dalbit, [Scope.WORKS_READ])
    revoke_token(token=Token.objects.filter(user=scene.dalbit)[0])
    token_of(scene.dalbit, [Scope.WORKS_READ])


@pytest.mark.parametrize("days", [0, -1, 367])
def test_the_database_refuses_a_life_of_more_than_a_year_or_none(scene: Scene, days: int) -> None:
    with pytest.raises(IntegrityError, match="token_lives_for_a_year_at_most"), transaction.atomic():
        issue_token(user=scene.dalbit, name="x", scopes=[], until_date=in_days(days))


# ── the page ────────────────────────────────────────────────────────────────────────────────────────────────────────────

PAGE = "/account/tokens/"
FORM = {"name": "정산 프로그램", "scopes": ["works:read"], "days": "30"}


def test_the_page_shows_a_new_token_once(scene: Scene) -> None:
    client = signed_in(scene.dalbit)
    made = client.post(PAGE, FORM).content.decode()
    (text,) = {
        word
        for word in made.replace("<", " ").replace(">", " ").split()
        if word.startswith("garak_") and "…" not in word
    }
    assert ask(text).json()["token"]["name"] == "정산 프로그램"
    again = client.get(PAGE).content.decode()
    assert "정산 프로그램" in again
    assert text not in again
    token = Token.objects.get()
    assert token.until_date - token.from_date == dt.timedelta(days=30)


def test_the_page_revokes(scene: Scene) -> None:
    client = signed_in(scene.dalbit)
    text = token_of(scene.dalbit, [Scope.WORKS_READ])
    client.post(f"{PAGE}{Token.objects.get().ref}/revoke/")
    error_of(ask(text), 401)
    assert "revoked" in client.get(PAGE).content.decode()


def test_the_page_never_hides_a_valid_token_behind_revoked_ones(scene: Scene) -> None:
    old = issue_token(user=scene.dalbit, name="the old one", scopes=[Scope.WORKS_READ], until_date=in_days(300))[0]
    for _ in range(60):
        revoke_token(token=issue_token(user=scene.dalbit, name="x", scopes=[], until_date=in_days(2))[0])
    page = signed_in(scene.dalbit).get(PAGE).content.decode()
    assert f"{PAGE}{old.ref}/revoke/" in page


PASSWORD, NEW_PASSWORD = "a-long-password-1", "another-password-2"


def with_password(user: User) -> Client:
    user.set_password(PASSWORD)
    user.save()
    client = Client()
    assert client.post("/account/login/", {"login": user.email, "password": PASSWORD}).status_code == 302
    return client


def test_to_make_one_the_password_is_asked_for_again(scene: Scene) -> None:
    """A session that somebody left open is not enough; what was typed into the form is kept meanwhile."""
    client = with_password(scene.dalbit)
    assert client.get(PAGE).status_code == 200
    sent_away = client.post(PAGE, FORM)
    assert sent_away.headers["Location"].startswith("/account/reauthenticate/")
    assert not Token.objects.exists()
    assert client.post(sent_away.headers["Location"], {"password": "wrong"}).status_code == 200
    assert not Token.objects.exists()
    made = client.post(sent_away.headers["Location"], {"password": PASSWORD})
    assert Token.objects.get().name == FORM["name"]
    assert "garak_" in made.content.decode()
    assert client.post(PAGE, FORM | {"name": "the next"}).status_code == 200  # just asked
    assert Token.objects.count() == 2


def test_to_revoke_one_nothing_is_asked(scene: Scene) -> None:
    client = with_password(scene.dalbit)
    token_of(scene.dalbit, [Scope.WORKS_READ])
    client.post(f"{PAGE}{Token.objects.get().ref}/revoke/")
    assert Token.objects.get().state == Token.State.REVOKED


def change(client: Client, user: User) -> None:
    form = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert client.post("/account/password/change/", form).status_code == 302


def reset(client: Client, user: User) -> None:
    client = Client()
    client.post("/account/password/reset/", {"email": user.email})
    (link,) = re.findall(r"/account/password/reset/key/\S+", str(mail.outbox[-1].body))
    form = client.get(link, follow=True)
    client.post(form.request["PATH_INFO"], {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})


@pytest.mark.parametrize("renew", [change, reset])
def test_a_new_password_closes_what_the_old_one_opened(scene: Scene, renew: Callable[[Client, User], None]) -> None:
    here = with_password(scene.dalbit)
    elsewhere = Client()
    elsewhere.post("/account/login/", {"login": scene.dalbit.email, "password": PASSWORD})
    text, others = token_of(scene.dalbit, [Scope.WORKS_READ]), token_of(scene.haeon, [Scope.WORKS_READ])
    renew(here, scene.dalbit)
    scene.dalbit.refresh_from_db()
    assert scene.dalbit.check_password(NEW_PASSWORD)
    error_of(ask(text), 401)
    assert ask(others).status_code == 200
    assert elsewhere.get("/works/").headers["Location"].startswith("/account/login/")
    assert (here.get("/works/").status_code == 200) == (renew is change)
    assert Notice.objects.filter(user=scene.dalbit, sentence__contains="password", params={"tokens": 1}).count() == 1


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "x" * 61}, {"scopes": []}, {"scopes": ["royalties:write"]}, {"days": "3650"}]
)
def test_the_page_refuses_what_it_does_not_offer(scene: Scene, wrong: dict[str, Any]) -> None:
    response = signed_in(scene.dalbit).post(PAGE, FORM | wrong)
    assert response.status_code == 400
    assert not Token.objects.exists()


def test_a_scope_is_offered_to_whoever_has_use_of_it(scene: Scene) -> None:
    assert "royalties:write" in signed_in(scene.staff).get(PAGE).content.decode()
    assert "royalties:write" not in signed_in(scene.dalbit).get(PAGE).content.decode()
    assert "works:read" not in signed_in(scene.contact).get(PAGE).content.decode()
    assert Role.DELEGATE not in NOT_FOR[Scope.CLAIMS_WRITE]


def test_a_scope_is_offered_where_an_endpoint_takes_it() -> None:
    """Nobody is offered a scope that opens nothing; whoever may read somewhere is offered the scope for it."""
    of_use: dict[Scope, set[str]] = {scope: set() for scope in Scope}
    for view in endpoints():
        for needs in view.needs.values():
            if needs.scope:
                roles = set(needs.roles if needs.roles is not None else Role)
                of_use[needs.scope] |= roles
    for scope, roles in of_use.items():
        offered = {role for role in Role if scope in scopes_of_use({role})}
        assert offered <= roles, scope
        assert offered == roles or scope.endswith(":write"), scope


def endpoints(resolver: URLResolver | None = None) -> Iterator[type[ApiView]]:
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from endpoints(pattern)
        elif issubclass(getattr(pattern.callback, "cls", object), ApiView):
            yield pattern.callback.cls  # type: ignore[attr-defined]  # Django REST framework leaves it there
