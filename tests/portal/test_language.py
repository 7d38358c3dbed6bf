"""Every page reads in three languages, by a plain form that needs no script."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client

from portal.accounts.models import Membership, Organisation, Role, User

pytestmark = pytest.mark.django_db
HANGUL = re.compile("[\uac00-\ud7a3]")


@pytest.fixture
def haeon() -> User:
    return User.objects.create_user("haeon@garak.example", "a-long-password-1", name="Haeon", language="ko")


def choose(client: Client, language: str, back: str = "/account/login/") -> str:
    response = client.post("/language/", {"language": language, "next": back})
    assert response.status_code == 302
    return str(response.headers["Location"])


@pytest.mark.parametrize(
    ("language", "lang", "word"),
    [("ko", "ko", "로그인"), ("en", "en", "Sign in"), ("zh-hans", "zh-Hans", "登录")],
)
def test_a_passer_by_reads_the_sign_in_in_the_chosen_language(language: str, lang: str, word: str) -> None:
    client = Client()
    assert choose(client, language) == "/account/login/"
    page = client.get("/account/login/").content.decode()
    assert f'<html lang="{lang}">' in page
    assert f"<h1>{word}</h1>" in page


def test_each_language_is_offered_in_its_own_name() -> None:
    page = Client().get("/account/login/").content.decode()
    for name in ("한국어", "English", "简体中文"):
        assert f">{name}</button>" in page


def test_a_signed_in_person_keeps_the_choice(haeon: User) -> None:
    client = Client()
    choose(client, "en")
    client.force_login(haeon)
    choose(client, "zh-hans", "/notices/")
    haeon.refresh_from_db()
    assert haeon.language == "zh-hans"
    gone = client.cookies.pop(settings.LANGUAGE_COOKIE_NAME)  # else an earlier visitor's choice would win over her own
    assert (gone.value, gone["max-age"]) == ("", 0)
    assert "通知" in client.get("/notices/").content.decode()


def test_a_language_nobody_speaks_here_changes_nothing(haeon: User) -> None:
    client = Client()
    client.force_login(haeon)
    choose(client, "tlh")
    haeon.refresh_from_db()
    assert haeon.language == "ko"


@pytest.mark.parametrize("back", ["//evil.example/", "javascript:alert(1)", "", "\\\\evil.example"])
def test_it_leads_back_to_this_site_only(back: str) -> None:
    assert choose(Client(), "ko", back) == "/"


def test_it_changes_by_a_form_only() -> None:
    assert Client().get("/language/").status_code == 405


def test_a_service_s_contact_is_shown_no_korean() -> None:
    contact = User.objects.create_user("contact@garak.example", "a-long-password-1", name="李伟", language="zh-hans")
    service = Organisation.objects.create(kind=Organisation.Kind.SERVICE, name="TME")
    Membership.objects.create(
        user=contact, organisation=service, role=Role.SERVICE_CONTACT, from_date=dt.date(2026, 1, 1)
    )
    client = Client()
    client.force_login(contact)
    for path in ("/", "/notices/", "/account/password/change/"):
        page = client.get(path).content.decode()
        assert '<html lang="zh-Hans">' in page
        assert not HANGUL.search(page), path
    assert "尚未收到贵服务的报告。" in client.get("/").content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "/account/login/",
        "/account/signup/",
        "/account/inactive/",
        "/account/password/reset/",
        "/account/password/reset/done/",
        "/account/password/reset/key/1-wrong/",
        "/account/password/reset/key/done/",
    ],
)
@pytest.mark.parametrize("language", ["ko", "en", "zh-hans"])
def test_pages_before_the_sign_in_stand_in_our_frame(path: str, language: str) -> None:
    client = Client()
    choose(client, language)
    response = client.get(path)
    page = response.content.decode()
    assert response.status_code == 200
    assert 'class="top"' in page
    assert 'style="' not in page
    assert "<script>" not in page


@pytest.mark.parametrize("path", ["/account/email/", "/account/confirm-email/"])
def test_what_the_portal_does_not_use_is_not_there(path: str) -> None:
    assert Client().get(path).status_code == 404


def test_nobody_signs_up() -> None:
    Client().post("/account/signup/", {"email": "new@garak.example", "password1": "a-long-password-1"})
    assert not User.objects.filter(email="new@garak.example").exists()


def test_a_forgotten_password_is_reset_by_a_link(haeon: User) -> None:
    client = Client()
    client.post("/account/password/reset/", {"email": haeon.email})
    (letter,) = mail.outbox
    link = re.search(r"/account/password/reset/key/\S+", str(letter.body))
    assert link is not None
    form = client.get(link[0], follow=True)
    sent = client.post(
        form.request["PATH_INFO"], {"password1": "another-password-2", "password2": "another-password-2"}, follow=True
    )
    assert sent.status_code == 200
    haeon.refresh_from_db()
    assert haeon.check_password("another-password-2")


def test_an_address_nobody_has_gets_the_same_answer_and_a_letter_that_says_so() -> None:
    response = Client().post("/account/password/reset/", {"email": "nobody@garak.example"})
    assert response.status_code == 302
    (letter,) = mail.outbox
    assert letter.to == ["nobody@garak.example"]
    assert "/account/" not in str(letter.body)


def test_a_wrong_password_says_so_at_the_top_and_in_the_title(haeon: User) -> None:
    client = Client()
    choose(client, "en")
    page = client.post("/account/login/", {"login": haeon.email, "password": "wrong-password"}).content.decode()
    assert 'role="alert"' in page
    assert "Error:" in page.split("</title>")[0]
