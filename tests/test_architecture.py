"""The arrows and rules of the house that no linter sees (import-linter sees the imports)."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from django.apps import AppConfig, apps
from django.contrib.auth import get_user_model
from django.db.migrations.loader import MigrationLoader
from django.db.models import ForeignObject, ManyToManyField

ROOT = Path(__file__).resolve().parent.parent
# From the ground up: a room may point to itself and to the rooms before it. Neighbours on one floor share a number.
FLOOR = {
    "files": 1,
    "accounts": 2,
    "notices": 2,
    "jobs": 2,
    "rest": 2,
    "portal": 2,
    "works": 3,
    "royalties": 4,
    "claims": 5,
}
USER_MODEL = ("accounts", "__first__")  # how a migration says swappable_dependency(settings.AUTH_USER_MODEL)
TOP_LEVEL = {
    "portal", "works", "claims", "royalties", "templates", "tests", "manage.py", "docker-compose.yml", "Dockerfile", "README.md",
    "CONTRIBUTING.md", "Makefile", "pyproject.toml", "requirements.in", "requirements.txt", "requirements-dev.in", "requirements-dev.txt",
    ".env.example", ".ci", ".gitignore", ".dockerignore",
}  # fmt: skip


def rooms() -> list[AppConfig]:
    return [
        config
        for config in apps.get_app_configs()
        if Path(config.path).is_relative_to(ROOT) and ".venv" not in config.path
    ]


def python_files() -> list[Path]:
    return [file for room in ("portal", "works", "royalties", "claims") for file in sorted((ROOT / room).rglob("*.py"))]


def points_up(source: str, target: str) -> bool:
    return source in FLOOR and target in FLOOR and FLOOR[target] > FLOOR[source]


def test_every_room_has_its_floor() -> None:
    assert {config.label for config in rooms()} == set(FLOOR)


def test_no_foreign_key_points_up() -> None:
    up = [
        f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"
        for config in rooms()
        for model in config.get_models()
        for field in (*model._meta.fields, *model._meta.many_to_many)
        if isinstance(field, ForeignObject | ManyToManyField)
        if points_up(config.label, field.related_model._meta.app_label)
        and field.related_model is not get_user_model()  # named everywhere, and only as settings.AUTH_USER_MODEL
    ]
    assert up == []


def test_no_migration_depends_on_a_higher_room() -> None:
    up = [
        f"{label}.{name} → {needed}"
        for (label, name), migration in MigrationLoader(None).disk_migrations.items()
        for needed, first in migration.dependencies
        if points_up(label, needed) and (needed, first) != USER_MODEL
    ]
    assert up == []


def test_the_top_level_holds_only_what_it_may() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout: the files of the project cannot be told from other files")
    assert {line.partition("/")[0] for line in listed.stdout.splitlines()} <= TOP_LEVEL


def test_no_room_has_a_drawer_for_everything() -> None:
    drawers = {"utils", "helpers", "core", "common", "misc", "signals"}
    assert [file for file in python_files() if {file.stem, file.parent.name} & drawers] == []


def test_no_signals() -> None:
    def imported(file: Path) -> set[str]:
        nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        return {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}

    hidden = {"django.dispatch", "django.db.models.signals", "django.core.signals", "django.contrib.auth.signals"}
    assert [file for file in python_files() if imported(file) & hidden] == []


def test_no_save_is_overridden() -> None:
    def defined(file: Path) -> set[str]:
        classes = [
            node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.ClassDef)
        ]
        return {item.name for node in classes for item in node.body if isinstance(item, ast.FunctionDef)}

    assert [file for file in python_files() if file.stem == "models" and "save" in defined(file)] == []


def variables_of_settings() -> set[str]:
    """The first argument of every env.…() call in the settings."""
    return {
        node.args[0].value
        for node in ast.walk(ast.parse((ROOT / "portal/settings.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "env"
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    }  # fmt: skip


def variables_of_example() -> set[str]:
    return set(re.findall(r"^#?([A-Z][A-Z_]*)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))


def variables_of_compose() -> set[str]:
    return set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))


def test_the_example_names_every_variable_and_no_other() -> None:
    assert variables_of_settings()
    assert variables_of_example() == variables_of_settings() | variables_of_compose()


def test_compose_has_every_service_with_a_health_check() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert set(compose["services"]) == {"web", "worker", "beat", "migrate", "postgres", "redis"}
    for name, service in compose["services"].items():
        assert "healthcheck" in service or name == "migrate", name
        mounted = {volume.partition(":")[0] for volume in service["volumes"]}
        assert mounted <= set(compose["volumes"]), name


def test_compose_gives_only_variables_that_settings_read() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    for name in ("web", "worker", "beat", "migrate"):
        given = compose["services"][name]["environment"]
        assert set(given) - {"REMAP_SIGTERM"} <= variables_of_settings(), name
        assert given["DEBUG"] == "False"
        assert ("DATABASE_OWNER_URL" in given) == (name == "migrate"), "only the migration works as the owner"


def test_compose_holds_no_secret() -> None:
    """Every password and key is a variable that must be given, or that nobody needs and has no value by itself."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    for line in text.splitlines():
        if re.match(r"\s+\w*(PASSWORD|SECRET_KEY|_URL): ", line):
            assert re.search(r"\$\{[A-Z_]+(:\?|:-\})", line), line


def test_compose_gives_every_variable_of_the_storage() -> None:
    """Web, workers and beat see the same files: whoever sets a bucket sets it for all of them."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    named = {name for name in variables_of_settings() if name.startswith("STORAGE_")}
    assert len(named) == 6
    for name in ("web", "worker", "beat"):
        given = compose["services"][name]["environment"]
        assert {variable: given[variable] for variable in named} == {
            variable: f"${{{variable}:-{20_000_000_000 if variable == 'STORAGE_CACHE_BYTES' else ''}}}"
            for variable in named
        }
