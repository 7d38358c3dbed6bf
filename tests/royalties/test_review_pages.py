"""The pages of the review: the queue by money, a song beside its candidates, decisions without JavaScript and with htmx."""

from __future__ import annotations

import pytest
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from portal.lib.wording import exact_money as micros
from royalties.models import DistributionRun, Earning, Match, MatchWork, ReportedRecording, StaffDecision, Statement
from royalties.review import leave_out_songs
from tests.royalties.scene import CANARY, QQ, YUAN, Scene, add_report, add_song, distribute_all, make_scene, signed_in
from works.models import Recording

pytestmark = pytest.mark.django_db
BUDGET = 35
HTMX = {"HX-Request": "true"}
PLAIN: dict[str, str] = {}


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


@pytest.fixture
def staff(scene: Scene) -> Client:
    return signed_in(scene.staff)


@pytest.fixture
def richer(scene: Scene) -> ReportedRecording:
    song = add_song("月光 2", candidates=[(scene.moon, 950), (scene.other, 400)])
    add_report([(song, QQ, 3, 9 * YUAN)])
    return song


def standing(song: ReportedRecording) -> Match:
    return Match.objects.get(recording=song, superseded_at__isnull=True)


def seen(song: ReportedRecording) -> str:
    return f"{song.ref}={standing(song).pk}"


def address(song: ReportedRecording) -> str:
    return reverse("royalties:review_song", args=[song.ref])


def test_the_queue_begins_with_the_most_money_and_says_how_much_is_left(
    scene: Scene, staff: Client, richer: ReportedRecording
) -> None:
    response = staff.get(reverse("royalties:review"))
    shown = response.content.decode()
    assert response.context["opened"] == richer
    assert shown.index(f"entry-{richer.ref}") < shown.index(f"entry-{scene.review.ref}")
    assert "CN¥13.40" in shown, "9 and 4.40 wait"
    assert CANARY not in shown


def test_a_song_stands_beside_its_candidates_with_marks_evidence_and_the_likelihood_in_words(
    scene: Scene, staff: Client, richer: ReportedRecording
) -> None:
    shown = staff.get(address(richer), headers=HTMX).content.decode()
    for text in (
        "달빛 아래",
        "달무리",
        "도해온",
        "The titles are the same: “月光”",
        "almost certain",
        "possible",
        "CN¥9.00",
    ):
        assert text in shown
    assert "<html" not in shown, "htmx gets the song alone"
    assert "<html" in staff.get(address(richer)).content.decode(), "everybody else the page"
    work = scene.moon
    Recording.objects.filter(parts__work=work).update(album="달의 노래")
    assert "달의 노래" in staff.get(address(richer)).content.decode()
    work.titles.create(text="月光", script="Hans", kind="TT")
    assert '<mark class="agrees">' in staff.get(address(richer)).content.decode()


def test_a_decision_leads_to_the_next_song(scene: Scene, staff: Client, richer: ReportedRecording) -> None:
    form = {"action": "accept", "work": scene.moon.ref, "seen": seen(richer)}
    response = staff.post(address(richer), form)
    assert response.headers["Location"] == address(scene.review)
    assert standing(richer).works.get().work == scene.moon
    last = staff.post(address(scene.review), {"action": "leave_out", "seen": seen(scene.review)})
    assert last.headers["Location"] == reverse("royalties:review")
    assert "Nothing waits to be reviewed" in staff.get(reverse("royalties:review")).content.decode()


def test_htmx_gets_the_next_song_the_figures_and_what_was_settled(
    scene: Scene, staff: Client, richer: ReportedRecording
) -> None:
    form = {"action": "accept", "work": scene.moon.ref, "seen": seen(richer)}
    response = staff.post(address(richer), form, headers=HTMX)
    shown = response.content.decode()
    assert response.context["song"] == scene.review
    assert f'data-ref="{richer.ref}"' in shown
    assert 'id="review-progress" hx-swap-oob="true"' in shown
    assert "CN¥9.00" in shown, "settled today"
    assert reverse("royalties:undo_decision", args=[StaffDecision.objects.get().ref]) in shown


def test_equal_songs_go_with_it_only_if_asked_and_only_those_that_were_shown(scene: Scene, staff: Client) -> None:
    candidates = [(scene.moon, 700), (scene.other, 600)]
    twins = [add_song("月光", candidates=candidates) for _number in range(3)]
    shown = staff.get(address(scene.review)).content.decode()
    assert all(seen(twin) in shown for twin in twins)
    form = {"action": "accept", "work": scene.moon.ref, "seen": [seen(song) for song in (scene.review, *twins[:2])]}
    staff.post(address(scene.review), {**form, "equal": "on"})
    assert [standing(twin).outcome for twin in twins] == ["accepted", "accepted", "review"]
    assert StaffDecision.objects.get().songs == 3
    staff.post(address(twins[2]), {"action": "leave_out", "seen": [seen(twins[2]), seen(twins[1])]})
    assert standing(twins[1]).outcome == "accepted", "nobody asked for it"


def test_the_music_alone_is_said_in_the_review_and_shown_where_the_song_stands(scene: Scene, staff: Client) -> None:
    assert 'value="music"' in staff.get(address(scene.review)).content.decode()
    form = {"action": "music", "seen": seen(scene.review)}
    assert staff.post(address(scene.review), form).status_code == 400, "of which work?"
    staff.post(address(scene.review), {**form, "work": scene.moon.ref})
    assert standing(scene.review).works.get().music_alone
    assert "its music alone · <a" in staff.get(reverse("royalties:decisions")).content.decode()
    owner = signed_in(scene.haeon)
    why = owner.get(reverse("royalties:song", args=[scene.review.ref])).content.decode()
    assert "Its music alone: the song has other words." in why
    assert "Its music alone" not in owner.get(reverse("royalties:song", args=[scene.matched.ref])).content.decode()
    assert "its music alone" in owner.get(reverse("royalties:work", args=[scene.moon.ref])).content.decode()


def test_what_is_kept_for_the_words_stands_on_the_pages_of_the_run_and_of_the_payment(
    scene: Scene, staff: Client
) -> None:
    staff.post(address(scene.review), {"action": "music", "work": scene.moon.ref, "seen": seen(scene.review)})
    distribute_all(scene)
    run = DistributionRun.objects.get()
    kept = Earning.objects.filter(run_share__words=True).aggregate(won=Sum("won_micros"))["won"]
    shown = staff.get(reverse("royalties:run", args=[run.ref])).content.decode()
    assert f"Of what is in suspense, {micros(kept, 'KRW')} is for the words" in shown
    payment = Statement.objects.get(party=scene.haeon_party)
    song = signed_in(scene.haeon).get(reverse("royalties:statement_song", args=[payment.ref, scene.moon.ref]))
    assert song.content.decode().count("for the music alone") == 2, "one for each right"


def test_undoing_shows_the_song_again(scene: Scene, staff: Client) -> None:
    staff.post(address(scene.review), {"action": "leave_out", "seen": seen(scene.review)})
    url = reverse("royalties:undo_decision", args=[StaffDecision.objects.get().ref])
    assert staff.post(url).headers["Location"] == address(scene.review)
    assert standing(scene.review).outcome == "review"
    assert staff.post(url).status_code == 409, "once"
    listed = staff.get(reverse("royalties:decisions")).content.decode()
    assert "taken back by staff" in listed
    assert url not in listed


def test_what_cannot_be_decided_is_said_beside_the_song(scene: Scene, staff: Client) -> None:
    form = {"action": "accept", "seen": seen(scene.review)}
    for headers, status in ((PLAIN, 400), (HTMX, 422)):
        response = staff.post(address(scene.review), form, headers=headers)
        assert (response.status_code, standing(scene.review).outcome) == (status, "review")
        assert "Choose the work that you mean" in response.content.decode()
    other = signed_in(scene.staff_two)
    stale = seen(scene.review)
    other.post(address(scene.review), {"action": "leave_out", "seen": stale})
    response = staff.post(
        address(scene.review), {"action": "accept", "work": scene.moon.ref, "seen": stale}, headers=HTMX
    )
    assert response.status_code == 409
    assert "staff-two has decided this song in the meantime" in response.content.decode()


def test_a_day_of_review_costs_the_same_per_song(
    scene: Scene, staff: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    songs = [add_song(f"歌 {number}", candidates=[(scene.moon, 500), (scene.other, 300)]) for number in range(60)]
    add_report([(song, QQ, 1, (number + 5) * YUAN) for number, song in enumerate(songs)])
    with django_assert_max_num_queries(BUDGET):
        staff.get(reverse("royalties:review"))
    with django_assert_max_num_queries(BUDGET + 20):
        staff.post(
            address(songs[5]), {"action": "accept", "work": scene.moon.ref, "seen": seen(songs[5])}, headers=HTMX
        )


# ── several works ───────────────────────────────────────────────────────────────────────────────────────────────────────


def parts_of(song: ReportedRecording) -> list[tuple[int, int, int]]:
    return list(standing(song).works.order_by("rank").values_list("work", "numerator", "denominator"))


def test_a_medley_is_divided_on_its_page_taken_back_and_told_among_the_decisions(scene: Scene, staff: Client) -> None:
    sent = {
        "action": "divide", "seen": seen(scene.review), "reason": "heard it",
        "part_work": [scene.moon.ref, scene.other.ref, scene.strange.ref.lower(), ""], "part": ["1/2", "25%", " 1/4 ", ""],
    }  # fmt: skip
    assert staff.post(address(scene.review), sent).status_code == 302
    assert parts_of(scene.review) == [(scene.moon.pk, 1, 2), (scene.other.pk, 1, 4), (scene.strange.pk, 1, 4)]
    page = staff.get(reverse("royalties:decisions")).content.decode()
    assert "it is several works" in page
    assert all(work.ref in page for work in (scene.moon, scene.other, scene.strange))
    decision = StaffDecision.objects.get()
    staff.post(reverse("royalties:undo_decision", args=[decision.ref]))
    assert standing(scene.review).outcome == "review"


def test_a_medley_may_have_a_part_that_nobody_registered(scene: Scene, staff: Client) -> None:
    sent = {
        "action": "divide", "seen": seen(scene.review), "part_work": [scene.moon.ref, scene.other.ref], "part": ["1/2", "1/6"],
    }  # fmt: skip
    for wrong, said in (("half", "“half” is no part of a song"), ("1/2", "add up to 7/6")):
        answer = staff.post(address(scene.review), {**sent, "unregistered": wrong})
        assert answer.status_code == 400
        assert said in answer.content.decode()
        assert f'name="unregistered" value="{wrong}"' in answer.content.decode()
    staff.post(address(scene.review), {**sent, "unregistered": "1/3"})
    assert parts_of(scene.review) == [(scene.moon.pk, 1, 2), (scene.other.pk, 1, 6)]
    assert "registered by nobody 1/3" in staff.get(reverse("royalties:decisions")).content.decode()
    owner = signed_in(scene.haeon).get(reverse("royalties:song", args=[scene.review.ref])).content.decode()
    assert "Nobody has registered 1/3 (33.33%) of this song." in owner, "though he sees one of its works alone"
    assert "Unregistered parts of 1 song" in staff.get(reverse("royalties:unmatched")).content.decode()
    assert "parts that nobody registered" in staff.get("/").content.decode()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["1/2", ""], "add up to 1/2"),
        (["1/2", "half"], "“half” needs a work beside it"),
        (["2/1", ""], "“2/1” needs a work beside it"),
        (["1/2", "1/2", "W-NONE", "1/2"], "No work has this reference"),
        (["1/20011", "20010/20011"], "finer part"),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_parts_that_do_not_fit_come_back_as_they_were_typed(
    scene: Scene, staff: Client, typed: list[str], said: str, headers: dict[str, str]
) -> None:
    refs = [scene.moon.ref, scene.other.ref]
    sent = {
        "action": "divide",
        "seen": seen(scene.review),
        "part_work": refs + typed[2::2],
        "part": typed[:2] + typed[3::2],
    }
    answer = staff.post(address(scene.review), sent, headers=headers)
    assert answer.status_code == (422 if headers else 400)
    page = answer.content.decode()
    assert said in page
    assert all(f'value="{text}"' in page for text in typed if text)
    assert standing(scene.review).outcome == "review"


def test_a_title_that_says_medley_opens_the_form_for_several_works(scene: Scene, staff: Client) -> None:
    assert 'id="review-divide" >' in staff.get(address(scene.review)).content.decode()
    ReportedRecording.objects.filter(pk=scene.review.pk).update(title="月光 (Medley)")
    assert 'id="review-divide" open>' in staff.get(address(scene.review)).content.decode()


def test_a_song_without_candidates_can_be_a_medley_too(scene: Scene, staff: Client) -> None:
    assert "review-divide" in staff.get(address(scene.unmatched)).content.decode()
    sent = {
        "action": "divide",
        "reason": "heard it",
        "part_work": [scene.moon.ref, scene.other.ref],
        "part": ["1/2", "1/2"],
    }
    assert staff.post(address(scene.unmatched), sent).status_code == 302
    assert parts_of(scene.unmatched) == [(scene.moon.pk, 1, 2), (scene.other.pk, 1, 2)]


def test_a_list_of_large_decisions_names_a_few_songs_of_each(
    scene: Scene, staff: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    songs = [add_song(f"많은 노래 {number}", candidates=[(scene.moon, 500)]) for number in range(30)]
    leave_out_songs(songs=songs, actor=scene.staff, reason="", seen={})
    with django_assert_max_num_queries(BUDGET):
        page = staff.get(reverse("royalties:decisions")).content.decode()
    assert page.count("많은 노래") == 3


# ── versions with other words ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("tag", "said"),
    [("language:zh", "version in another language"), ("adaptation", "has new words"), ("live", "")],
)
def test_a_version_with_other_words_is_to_wait_for_its_own_work(
    scene: Scene, staff: Client, tag: str, said: str
) -> None:
    item = standing(scene.review).works.get(work=scene.moon)
    MatchWork.objects.filter(pk=item.pk).update(evidence={**item.evidence, "versions": [tag]})
    page = staff.get(address(scene.review)).content.decode()
    assert ("A version with other words is another work" in page) is bool(said)
    assert said in page
