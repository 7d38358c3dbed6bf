"""The databases that every other test stands on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from portal.accounts.models import Organisation
from tests.conftest import Database

ROOT = Path(__file__).resolve().parent.parent.parent


def who() -> tuple[object, ...]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        row: tuple[object, ...] = cursor.fetchone()
    return row


@pytest.mark.django_db
def test_ordinary_tests_work_as_the_role_of_the_application() -> None:
    assert who()[0] == "garak_app"
    Organisation.objects.create(kind=Organisation.Kind.DESK, name="나그네")


@pytest.mark.django_db
def test_what_an_ordinary_test_writes_is_gone_in_the_next() -> None:
    assert not Organisation.objects.filter(name="나그네").exists()


def test_a_fresh_database_commits_and_other_processes_see_it(fresh_database: Database) -> None:
    assert who()[0] == "garak_app"
    Organisation.objects.create(kind=Organisation.Kind.DESK, name="나그네")
    with psycopg.connect(fresh_database.url) as other:
        assert other.execute("SELECT count(*) FROM accounts_organisation WHERE name = '나그네'").fetchone() == (1,)
    code = "from portal.accounts.models import Organisation; print(Organisation.objects.filter(name='나그네').count())"
    shell = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shell.stdout.strip() == "1"


def test_a_fresh_database_is_empty_again_for_the_next_test(fresh_database: Database) -> None:
    assert not Organisation.objects.filter(name="나그네").exists()


def test_redis_is_there(redis_url: str) -> None:
    from portal.celery import app

    with app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1)
