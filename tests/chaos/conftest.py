from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from portal.lib.scratch import create_database, drop_database
from royalties import ingest
from tests.chaos import test_killed_import as killed
from tests.conftest import Database, _django_connected_to, _name


@pytest.fixture(scope="session")
def untouched_state(
    template_database: Database,
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> killed.State:
    """What an import leaves that nothing disturbed, in a database of its own."""
    folder: Path = tmp_path_factory.mktemp("untouched")
    database = template_database.named(f"garak_test_{os.getpid()}_untouched")
    create_database(template_database.owner_url, _name(database), template=_name(template_database))
    with _django_connected_to(database, django_db_blocker), django_db_blocker.unblock():
        report = killed.receive(folder)
        ingest.work_on(killed.job_of(report).pk)
        state = killed.final_state()
    drop_database(template_database.owner_url, _name(database))
    assert state["lines"][0] + state["rejected"][0] == killed.LINES
    assert (
        min(
            state["lines"][0],
            state["rejected"][0],
            state["songs"][0],
            state["summed"][0],
        )
        > 0
    )
    return state
