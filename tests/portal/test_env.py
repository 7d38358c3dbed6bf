"""The environment is read strictly: what cannot be understood stops the program with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import env


@pytest.mark.parametrize(("text", "value"), [("True", True), ("False", False)])
def test_true_and_false_are_written_so(text: str, value: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG", text)
    assert env.boolean("DEBUG", default=not value) is value


@pytest.mark.parametrize("text", ["", "false", "0", "no", " False"])
def test_nothing_else_is_taken_for_one_of_them(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG", text)
    with pytest.raises(ImproperlyConfigured, match="DEBUG must be True or False"):
        env.boolean("DEBUG", default=True)


def test_a_variable_that_is_not_set_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEBUG", raising=False)
    assert env.boolean("DEBUG", default=True)
    assert not env.boolean("DEBUG", default=False)


def test_a_secret_may_be_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a secret\n", encoding="utf-8")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    assert env.text("SECRET_KEY") == "a secret"
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "nothing"))
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        env.text("SECRET_KEY")
