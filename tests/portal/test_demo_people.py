"""The demo's people: one sign-in at least for every role, printed with whom a delegate acts for."""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate
from django.utils import translation

from portal.accounts.models import Membership, Role
from portal.demo import society, summary
from tests.royalties.scene import signed_in


@pytest.mark.django_db
def test_every_role_has_a_sign_in_that_works_and_is_printed() -> None:
    society.make_people()
    assert {seat.role for seat in society.SEATS} == set(Role)
    with translation.override("en"):
        printed = summary.sign_ins()
    assert len(printed) == len(society.SEATS)
    for seat, line in zip(society.SEATS, printed, strict=True):
        user = authenticate(username=seat.email, password=society.PASSWORD)
        assert user is not None
        assert seat.email in line
        assert signed_in(user).get("/").status_code == 200
    delegate = Membership.objects.get(role=Role.DELEGATE)
    assert any(f"acts for {delegate.organisation.name} until" in line for line in printed)


@pytest.mark.django_db
def test_making_them_again_changes_nothing() -> None:
    society.make_people()
    before = list(Membership.objects.order_by("pk").values())
    society.make_people()
    assert list(Membership.objects.order_by("pk").values()) == before
