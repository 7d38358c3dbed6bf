"""Every sentence of code and templates has its Korean and Chinese, with the same placeholders."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.conf import settings
from django.core.management import CommandError, call_command

from portal import messages

CODE = """
from django.utils.translation import gettext as _, gettext_lazy, ngettext
A = _("Plain")
B = gettext_lazy("Hello %(name)s")
C = ngettext("%(n)s row", "%(n)s rows", 2)
D = "not a sentence"
"""
TEMPLATE = """{% load i18n %}
    <p>{% translate "In a page" %} it's {# not this #}</p>
      {% blocktranslate count n=rows with who=user.name trimmed %}
        {{ who }} sent {{ n }} row
      {% plural %}
        {{ who }} sent {{ n }} rows
      {% endblocktranslate %}
  {% blocktranslate with rate=x %}{{ rate }} of 100%{% endblocktranslate %}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project with its own catalogues."""
    (tmp_path / "works").mkdir()
    (tmp_path / "works" / "views.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text(TEMPLATE, encoding="utf-8")
    monkeypatch.setattr(settings, "LOCALE_PATHS", [tmp_path / "locale"])
    monkeypatch.setattr(settings, "BASE_DIR", tmp_path)
    return tmp_path


def fill(language: str, words: dict[str, str]) -> None:
    """Write translations into the catalogue, as a person would with an editor."""
    path = messages.catalogue_path(language)
    text = path.read_text(encoding="utf-8")
    for sentence, translation in words.items():
        head, found, tail = text.partition(f'msgid "{sentence}"\n')
        assert found, sentence
        for empty in ('msgstr ""\n', 'msgstr[0] ""\n'):
            if empty in tail.split("\n\n")[0] + "\n":
                tail = tail.replace(empty, empty.replace('""', f'"{translation}"'), 1)
                break
        text = head + found + tail
    path.write_text(text, encoding="utf-8")


KOREAN = {
    "Plain": "보통",
    "Hello %(name)s": "안녕하세요, %(name)s 님",
    "%(n)s row": "%(n)s행",
    "In a page": "페이지에서",
    "%(who)s sent %(n)s row": "%(who)s 님: %(n)s행",
    "%(rate)s of 100%%": "100%% 가운데 %(rate)s",
}
CHINESE = {
    "Plain": "普通",
    "Hello %(name)s": "您好，%(name)s",
    "%(n)s row": "%(n)s 行",
    "In a page": "在页面中",
    "%(who)s sent %(n)s row": "%(who)s 发送了 %(n)s 行",
    "%(rate)s of 100%%": "100%% 中的 %(rate)s",
}


def translated(project: Path) -> Catalog:
    call_command("messages", verbosity=0)
    fill("ko", KOREAN)
    fill("zh-hans", CHINESE)
    return messages.sentences(project)


def test_the_portal_itself_lacks_no_sentence() -> None:
    found = messages.sentences(settings.BASE_DIR)
    assert len(found) > 100
    for language in ("ko", "zh-hans"):
        assert list(messages.problems(language, found)) == []


def test_it_finds_sentences_in_code_and_templates(project: Path) -> None:
    found = {message.id if isinstance(message.id, str) else message.id[0] for message in messages.sentences(project)}
    assert found - {""} == set(KOREAN)


def test_it_writes_catalogues_that_stay_the_same_when_nothing_changes(project: Path) -> None:
    translated(project)
    call_command("messages", verbosity=0)
    first = messages.catalogue_path("ko").read_bytes()
    call_command("messages", verbosity=0)
    assert messages.catalogue_path("ko").read_bytes() == first
    assert messages.catalogue_path("ko").with_suffix(".mo").exists()


def test_a_complete_project_passes(project: Path) -> None:
    translated(project)
    call_command("messages", "--check", verbosity=0)


def test_checking_changes_nothing(project: Path) -> None:
    with pytest.raises(CommandError):
        call_command("messages", "--check", verbosity=0)
    assert not messages.catalogue_path("ko").exists()


def test_a_new_sentence_fails_until_every_language_has_it(project: Path) -> None:
    translated(project)
    (project / "works" / "new.py").write_text('_("Brand new")', encoding="utf-8")
    with pytest.raises(CommandError):
        call_command("messages", "--check", verbosity=0)
    found = messages.sentences(project)
    assert list(messages.problems("ko", found)) == ["missing: 'Brand new'"]
    call_command("messages", verbosity=0)
    assert list(messages.problems("ko", found)) == ["not translated: 'Brand new'"]


def test_a_sentence_that_is_gone_leaves_the_catalogue(project: Path) -> None:
    translated(project)
    (project / "works" / "views.py").write_text("", encoding="utf-8")
    call_command("messages", verbosity=0)
    assert "Plain" not in messages.catalogue_path("ko").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("language", "words", "problem"),
    [
        ("ko", "안녕하세요", "other placeholders"),
        ("ko", "안녕하세요, %(nane)s 님", "other placeholders"),
        ("ko", "%(name)s을 환영해요", "a particle stands after a placeholder"),
        ("zh-hans", "您好，%(name)s 님", "Korean letters"),
    ],
)
def test_wrong_words_are_named(project: Path, language: str, words: str, problem: str) -> None:
    call_command("messages", verbosity=0)
    fill("ko", {**KOREAN, "Hello %(name)s": words} if language == "ko" else KOREAN)
    fill("zh-hans", {**CHINESE, "Hello %(name)s": words} if language == "zh-hans" else CHINESE)
    (found,) = messages.problems(language, messages.sentences(project))
    assert problem in found


def test_a_doubtful_translation_is_no_translation(project: Path) -> None:
    found = translated(project)
    path = messages.catalogue_path("ko")
    path.write_text(path.read_text(encoding="utf-8").replace('msgid "Plain"', '#, fuzzy\nmsgid "Plain"'), "utf-8")
    assert list(messages.problems("ko", found)) == ["marked as doubtful (fuzzy): 'Plain'"]
