"""A delegate acts for a songwriter until a date: appointed, bounded, shown with both names, and gone when the day is over."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone, translation

from claims import services as claims
from claims.models import Attachment, Case, CaseEvent
from portal.accounts.models import Membership, Organisation, Role, User
from portal.accounts.services import (
    ActsAlready,
    EndedAlready,
    EndOutOfRange,
    MandateMissing,
    NobodyToAppoint,
    NotYourDesk,
    appoint_delegate,
    end_delegate,
    last_day_allowed,
)
from portal.lib.errors import DomainError
from portal.notices.models import Notice
from royalties.models import Earning, Statement
from tests.royalties.scene import Scene, distribute_all, make_scene, signed_in
from works.models import Right, Share


@pytest.fixture
def scene(db: None, tmp_path: Path, settings: Any) -> Scene:
    settings.MEDIA_ROOT = tmp_path
    made = make_scene()
    distribute_all(made)
    return made


def desk_of(user: User) -> Organisation:
    return user.memberships.get(role=Role.SONGWRITER).organisation


def today() -> dt.date:
    return timezone.localdate()


def new_person(name: str = "manager") -> User:
    return User.objects.create_user(f"{name}@garak.example", name=name, language="en")


def appoint(scene: Scene, person: User, *, days: int = 30) -> Membership:
    return appoint_delegate(
        desk=desk_of(scene.haeon),
        email=person.email,
        last_date=today() + dt.timedelta(days=days),
        actor=scene.haeon,
    )


def file_case(scene: Scene) -> Case:
    """Dalbit disputes a twelfth of Haeon's share."""
    return claims.file_share_case(
        share=Share.objects.get(work=scene.moon, party=scene.haeon_party, right=Right.PERFORMING),
        party=scene.dalbit_party,
        fraction=Fraction(1, 12),
        from_date=dt.date(2026, 9, 1),
        reason="…",
        paper=SimpleUploadedFile("contract.pdf", b"%PDF-1.7 contract"),
        actor=scene.dalbit,
    )


def pages_of_haeon(scene: Scene, case: Case) -> list[str]:
    """Everything of Haeon's that has an address, and the lists."""
    statement = Statement.objects.get(party=scene.haeon_party)
    earning = Earning.objects.filter(party=scene.haeon_party).order_by("pk")[0]
    lists = ("works:list", "royalties:usage", "royalties:unmatched", "royalties:statements", "claims:list", "delegates")
    return [
        *(reverse(name) for name in lists),
        reverse("works:detail", args=[scene.moon.ref]),
        reverse("royalties:work", args=[scene.moon.ref]),
        reverse("royalties:song", args=[scene.matched.ref]),
        reverse("royalties:statement", args=[statement.ref]),
        reverse("royalties:statement_song", args=[statement.ref, scene.moon.ref]),
        reverse("royalties:earning_lines", args=[statement.ref, earning.pk]),
        reverse("claims:file_share", args=[scene.moon.ref]),
        reverse("claims:detail", args=[case.ref]),
    ]


def post_appointment(user: User, **fields: Any) -> HttpResponse:
    response: HttpResponse = signed_in(user).post(reverse("delegates"), fields)  # type: ignore[assignment]
    return response


def refused(error: type[DomainError], step: Callable[[], object]) -> DomainError:
    """The step is refused, and leaves memberships and notices as they were."""
    before = list(Membership.objects.order_by("pk").values()), Notice.objects.count()
    with pytest.raises(error) as found:
        step()
    assert (list(Membership.objects.order_by("pk").values()), Notice.objects.count()) == before
    return found.value


# ── appointing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_songwriter_lets_somebody_act_until_a_day_and_both_are_told(scene: Scene) -> None:
    person = new_person()
    last = today() + dt.timedelta(days=10)
    response = post_appointment(
        scene.haeon, desk=desk_of(scene.haeon).ref, email="Manager@Garak.example ", last_date=f"{last}"
    )
    assert response.status_code == 302
    made = person.memberships.get()
    assert (made.role, made.organisation) == (Role.DELEGATE, desk_of(scene.haeon))
    assert (made.from_date, made.until_date, made.last_date) == (today(), last + dt.timedelta(days=1), last)
    assert (made.appointed_by, made.mandate) == (scene.haeon, "")
    told = Notice.objects.filter(sentence__contains="acts for")
    assert set(told.values_list("user", flat=True)) == {person.pk, scene.haeon.pk}
    shown = signed_in(scene.haeon).get(reverse("delegates")).content.decode()
    assert "manager@garak.example" in shown


def test_staff_do_it_on_a_written_mandate_which_the_songwriter_reads(scene: Scene) -> None:
    person = new_person()
    fields = {"desk": "DESK-HAEON", "email": person.email, "last_date": f"{today()}"}
    assert post_appointment(scene.staff, **fields, mandate=" ").status_code == 400
    assert not person.memberships.exists()
    assert post_appointment(scene.staff, **fields, mandate="Letter of 1 Nov").status_code == 302
    assert person.memberships.get().appointed_by == scene.staff
    assert "Letter of 1 Nov" in signed_in(scene.haeon).get(reverse("delegates")).content.decode()
    assert Notice.objects.filter(user=scene.haeon, sentence__contains="acts for").exists()


@pytest.mark.parametrize("name", ["dalbit", "strange_writer", "contact", "auditor"])
def test_nobody_else_appoints_for_a_songwriter(scene: Scene, name: str) -> None:
    actor, person = scene.everybody()[name], new_person()
    desk = desk_of(scene.haeon)
    refused(NotYourDesk, lambda: appoint_delegate(desk=desk, email=person.email, last_date=today(), actor=actor))
    response = post_appointment(actor, desk=desk.ref, email=person.email, last_date=f"{today()}")
    assert response.status_code in {400, 404}
    assert not person.memberships.exists()


def test_a_delegate_lets_nobody_else_act(scene: Scene) -> None:
    person, friend = new_person(), new_person("friend")
    appoint(scene, person)
    desk = desk_of(scene.haeon)
    assert post_appointment(person, desk=desk.ref, email=friend.email, last_date=f"{today()}").status_code == 404
    refused(NotYourDesk, lambda: appoint_delegate(desk=desk, email=friend.email, last_date=today(), actor=person))


def test_unknown_closed_and_other_side_accounts_get_one_answer(scene: Scene) -> None:
    """The form must not tell who has an account, nor who works for the society or a service."""
    closed = new_person("closed")
    User.objects.filter(pk=closed.pk).update(is_active=False)
    others = ("nobody-at-all@garak.example", closed.email, scene.staff.email, scene.auditor.email, scene.contact.email)
    said = set()
    for email in others:
        step = partial(appoint_delegate, desk=desk_of(scene.haeon), email=email, last_date=today(), actor=scene.haeon)
        said.add(str(refused(NobodyToAppoint, step)).replace(email, "…"))
    assert len(said) == 1


@pytest.mark.parametrize("days", [-1, 2 * 366 + 1])
def test_the_end_is_a_day_within_two_years(scene: Scene, days: int) -> None:
    person = new_person()
    refused(EndOutOfRange, lambda: appoint(scene, person, days=days))
    last = last_day_allowed(today())
    made = appoint_delegate(desk=desk_of(scene.haeon), email=person.email, last_date=last, actor=scene.haeon)
    assert made.last_date == last


def test_two_years_after_a_leap_day_end_with_february() -> None:
    assert last_day_allowed(dt.date(2028, 2, 29)) == dt.date(2030, 2, 28)
    assert last_day_allowed(dt.date(2026, 11, 23)) == dt.date(2028, 11, 23)


def test_who_acts_already_is_not_appointed_again(scene: Scene) -> None:
    person = new_person()
    appoint(scene, person)
    refused(ActsAlready, lambda: appoint(scene, person, days=60))
    refused(ActsAlready, lambda: appoint(scene, scene.haeon))


def test_staff_name_the_mandate(scene: Scene) -> None:
    desk, person = desk_of(scene.haeon), new_person()
    refused(
        MandateMissing, lambda: appoint_delegate(desk=desk, email=person.email, last_date=today(), actor=scene.staff)
    )


def test_a_delegate_without_an_end_is_refused_by_the_database(scene: Scene) -> None:
    person = new_person()
    with pytest.raises(IntegrityError, match="delegate_has_an_end"), transaction.atomic():
        Membership.objects.create(
            user=person, organisation=desk_of(scene.haeon), role=Role.DELEGATE, from_date=today(), until_date=None
        )


@pytest.mark.usefixtures("fresh_database")
def test_two_appointments_at_once_make_one(tmp_path: Path) -> None:
    scene, person = make_scene(), new_person()
    both = threading.Barrier(2)
    results: list[Membership | ActsAlready] = []

    def run() -> None:
        try:
            both.wait(timeout=20)
            results.append(appoint(scene, person))
        except ActsAlready as error:
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(type(result).__name__ for result in results) == ["ActsAlready", "Membership"]
    assert person.memberships.count() == 1


# ── acting ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_delegate_reads_every_page_that_the_songwriter_reads(scene: Scene) -> None:
    case, person = file_case(scene), new_person()
    hers, theirs = signed_in(scene.haeon), signed_in(person)
    pages = pages_of_haeon(scene, case)
    assert {theirs.get(page).status_code for page in pages} == {404}
    appoint(scene, person)
    for page in pages:
        assert hers.get(page).status_code == theirs.get(page).status_code == 200, page


def test_it_is_over_when_the_day_is_over(scene: Scene) -> None:
    """In the same session: nothing but the date in the row has changed."""
    case, person = file_case(scene), new_person()
    made = appoint(scene, person)
    client = signed_in(person)
    pages = pages_of_haeon(scene, case)
    Membership.objects.filter(pk=made.pk).update(from_date=today() - dt.timedelta(days=9), until_date=today())
    assert {client.get(page).status_code for page in pages} == {404}
    before = CaseEvent.objects.count()
    message = client.post(reverse("claims:add_message", args=[case.ref]), {"text": "still here?"})
    assert (message.status_code, CaseEvent.objects.count()) == (404, before)
    home = client.get("/").content.decode()
    assert "You act for" not in home
    assert "달빛 아래" not in home


def test_on_the_last_day_it_is_not_over(scene: Scene) -> None:
    person = new_person()
    appoint(scene, person, days=0)
    assert signed_in(person).get(reverse("works:detail", args=[scene.moon.ref])).status_code == 200


def test_every_page_says_for_whom_and_until_when(scene: Scene) -> None:
    person = new_person()
    appoint(scene, person)
    last = today() + dt.timedelta(days=30)
    with translation.override("en"):
        said = f"You act for DESK-HAEON until {last.day} {last:%b} {last.year}."
    for page in ("/", reverse("works:list"), reverse("royalties:statements"), reverse("notices:list")):
        assert said in signed_in(person).get(page).content.decode(), page
    assert "You act for" not in signed_in(scene.haeon).get("/").content.decode()


def test_what_a_delegate_does_in_a_case_carries_both_names(scene: Scene) -> None:
    case, person = file_case(scene), new_person()
    appoint(scene, person)
    client = signed_in(person)
    assert client.post(reverse("claims:add_message", args=[case.ref]), {"text": "It is hers."}).status_code == 302
    paper = SimpleUploadedFile("proof.pdf", b"%PDF-1.7 proof")
    assert client.post(reverse("claims:add_paper", args=[case.ref]), {"paper": paper}).status_code == 302
    said, added = CaseEvent.objects.filter(case=case, actor=person).order_by("pk")
    with translation.override("en"):
        assert said.who == added.who == Attachment.objects.get(added_by=person).who == "manager for DESK-HAEON"
    shown = signed_in(scene.dalbit).get(reverse("claims:detail", args=[case.ref])).content.decode()
    assert shown.count("manager for DESK-HAEON") == 3
    notice = Notice.objects.filter(user=scene.dalbit, sentence__contains="wrote a message").get()
    assert (notice.params["who"], notice.params["writer"]) == ("manager", "DESK-HAEON")
    assert not CaseEvent.objects.filter(case=case, actor=scene.dalbit, data__has_key="on_behalf_of").exists()


def test_who_is_a_songwriter_too_reads_whose_each_row_is(scene: Scene) -> None:
    """Both see their rows in the same lists, each named, and sums say that they are of both."""
    appoint(scene, scene.strange_writer)
    own = Share.objects.get(work=scene.moon, party=scene.dalbit_party, right=Right.PERFORMING)
    own.party.organisation = desk_of(scene.strange_writer)
    own.party.save()
    client = signed_in(scene.strange_writer)
    works = client.get(reverse("works:list")).content.decode()
    assert "DESK-HAEON:" in works
    assert "DESK-STRANGE:" in works
    payments = client.get(reverse("royalties:statements")).content.decode()
    assert scene.haeon_party.name in payments
    assert scene.dalbit_party.name in payments
    assert "The sums are those of DESK-STRANGE, DESK-HAEON together." in payments
    assert "together." not in signed_in(scene.haeon).get(reverse("royalties:statements")).content.decode()


# ── ending ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("who", ["haeon", "staff", "the delegate"])
def test_it_ends_at_once_even_on_the_first_day(scene: Scene, who: str) -> None:
    person = new_person()
    made = appoint(scene, person)
    actor = person if who == "the delegate" else scene.everybody()[who]
    client = signed_in(person)
    assert client.get(reverse("works:list")).status_code == 200
    assert signed_in(actor).post(reverse("end_delegate", args=[made.ref])).status_code == 302
    assert client.get(reverse("works:list")).status_code == 404
    made.refresh_from_db()
    assert (made.until_date, made.ended_by) == (today(), actor)
    assert made.ended_at is not None
    told = Notice.objects.filter(sentence__contains="no longer acts")
    assert set(told.values_list("user", flat=True)) == {person.pk, scene.haeon.pk}
    for notice in told:
        assert signed_in(notice.user).get(notice.url).status_code == 200


def test_the_same_person_can_be_appointed_again_on_that_day(scene: Scene) -> None:
    person = new_person()
    end_delegate(membership=appoint(scene, person), actor=scene.haeon)
    appoint(scene, person)
    assert person.memberships.in_force().count() == 1
    assert signed_in(person).get(reverse("works:list")).status_code == 200


def test_it_ends_once(scene: Scene) -> None:
    made = appoint(scene, new_person())
    end_delegate(membership=made, actor=scene.haeon)
    refused(EndedAlready, lambda: end_delegate(membership=made, actor=scene.staff))


@pytest.mark.parametrize("name", ["dalbit", "strange_writer", "contact", "auditor"])
def test_nobody_else_ends_it(scene: Scene, name: str) -> None:
    made = appoint(scene, new_person())
    actor = scene.everybody()[name]
    refused(NotYourDesk, lambda: end_delegate(membership=made, actor=actor))
    assert signed_in(actor).post(reverse("end_delegate", args=[made.ref])).status_code == 404
    assert Membership.objects.in_force().filter(pk=made.pk).exists()


def test_staff_are_offered_to_end_only_what_is_in_force(scene: Scene) -> None:
    made = appoint(scene, new_person())
    end = reverse("end_delegate", args=[made.ref])
    assert end in signed_in(scene.staff).get(reverse("delegates")).content.decode()
    end_delegate(membership=made, actor=scene.haeon)
    for user in (scene.staff, scene.haeon):
        assert end not in signed_in(user).get(reverse("delegates")).content.decode()


# ── who may see who acts for whom ───────────────────────────────────────────────────────────────────────────────────────


def test_people_of_an_organisation_are_seen_by_its_super_role_and_the_society(scene: Scene) -> None:
    person = new_person()
    appoint(scene, person)
    url = reverse("people")
    own = signed_in(scene.dalbit).get(url).content.decode()
    assert scene.finance.email in own
    assert scene.haeon.email not in own
    assert scene.stranger.email not in own
    for name in ("staff", "auditor"):
        everybody = signed_in(scene.everybody()[name]).get(url).content.decode()
        assert scene.haeon.email in everybody
        assert person.email in everybody
    assert person.email in signed_in(scene.staff).get(url, {"q": "manager"}).content.decode()
    assert scene.haeon.email not in signed_in(scene.staff).get(url, {"q": "manager"}).content.decode()
