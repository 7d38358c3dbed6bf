"""Pages for what goes wrong stand in our frame, in the reader's language, and work without a request."""

from __future__ import annotations

import datetime as dt

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.utils.translation import override

from portal.accounts.models import Membership, Organisation, Role, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in() -> Client:
    user = User.objects.create_user("staff@garak.example", name="직원")
    society = Organisation.objects.create(ref="GARAK", kind=Organisation.Kind.SOCIETY, name="협회")
    Membership.objects.create(user=user, organisation=society, role=Role.STAFF, from_date=dt.date(2020, 1, 1))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize(
    ("language", "word"), [("ko", "없는 페이지"), ("en", "does not exist"), ("zh-hans", "页面不存在")]
)
def test_a_page_that_is_not_there(language: str, word: str) -> None:
    client = Client()
    client.post("/language/", {"language": language})
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert word in response.content.decode()


@pytest.mark.parametrize("address", ["/works/%00/", "/cases/%00/", "/statements/T-1/songs/%00/"])
def test_an_address_with_a_nul_does_not_exist(address: str, signed_in: Client) -> None:
    response = signed_in.get(address)
    assert response.status_code == 404
    assert "<main" in response.content.decode()


def test_a_form_without_its_token_is_refused_in_words() -> None:
    response = Client(enforce_csrf_checks=True, headers={"accept-language": "en"}).post("/language/")
    assert response.status_code == 403
    assert "Please send the form again" in response.content.decode()


@pytest.mark.parametrize("language", ["ko", "en", "zh-hans"])
@pytest.mark.parametrize("template", ["403.html", "404.html", "500.html", "domain_error.html"])
def test_they_need_no_request(template: str, language: str) -> None:
    with override(language):
        page = render_to_string(template)
    assert "<main" in page
    assert 'style="' not in page
