"""What songs are looked up in stays in step with the names, titles and performers it is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db.models import F

from tests.works.build import row, send
from works.matching.derive import rebuild_keys, refresh_party_keys
from works.models import Party, PartyKey


@pytest.fixture
def register(db: None, tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    send([
        row("river", "강물 위의 노래", performer="소라별", party="소라별"),
        row("sea", "바다로 가는 길", performer="소라별, 해온달", party="작가 2"),
    ])  # fmt: skip


def test_a_key_says_the_kind_of_its_party(register: None) -> None:
    def wrong() -> bool:
        return PartyKey.objects.exclude(kind=F("party__kind")).exists()

    kinds = set(PartyKey.objects.filter(key="k:소라별").values_list("kind", flat=True))
    assert kinds == {Party.Kind.PERFORMER, Party.Kind.WRITER}
    assert not wrong()
    for party in Party.objects.all():
        PartyKey.objects.filter(party=party).delete()
        refresh_party_keys([party.pk])
    assert PartyKey.objects.exists()
    assert not wrong()
    PartyKey.objects.all().delete()
    rebuild_keys()
    assert not wrong()
