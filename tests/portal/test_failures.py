"""Pages for what goes wrong stand in our frame, in the reader's language, and work without a request."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.utils.translation import override

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("language", "word"), [("ko", "없는 페이지"), ("en", "does not exist"), ("zh-hans", "页面不存在")]
)
def test_a_page_that_is_not_there(language: str, word: str) -> None:
    client = Client()
    client.post("/language/", {"language": language})
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert word in response.content.decode()


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
