"""What a confirmed line teaches: its title and its artist become names of the work and its performer, until it is taken back."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from portal.accounts.models import User
from royalties.models import Lesson, ReportedRecording, StaffDecision
from works import memory
from works.models import Work


def teach(decision: StaffDecision, work: Work, songs: Sequence[ReportedRecording]) -> None:
    """Give the work the titles of these songs and its only performer their artist's names; both remember the decision."""
    titles = sorted({title for song in songs for title in memory.titles_in(song.title)})
    made = memory.learn(work, titles, actor=decision.actor)
    lessons = [Lesson(decision=decision, work=work, text=text, is_new=text in made) for text in titles]
    party = memory.only_performer_of(work)
    if party is not None:
        names = sorted({name for song in songs for name in memory.names_in(song.artists)})
        made = memory.learn(party, names, actor=decision.actor)
        lessons += [Lesson(decision=decision, party=party, text=text, is_new=text in made) for text in names]
    Lesson.objects.bulk_create(lessons)


def unteach(decision: StaffDecision, actor: User | None) -> None:
    """Forget the names for which nothing but this decision, or others that were undone too, has ever spoken."""
    lessons = list(Lesson.objects.filter(decision=decision).select_related("work", "party"))
    about = Lesson.objects.filter(
        Q(work__in={lesson.work_id for lesson in lessons}) | Q(party__in={lesson.party_id for lesson in lessons}),
        text__in={lesson.text for lesson in lessons},
    )
    taught = _subjects(about.filter(is_new=True)) - _subjects(about.standing())
    if actor is None:
        return
    for named in {lesson.work or lesson.party for lesson in lessons} - {None}:
        texts = [text for work, party, text in taught if named.pk == (work if isinstance(named, Work) else party)]  # type: ignore[union-attr]
        memory.forget(named, texts, actor=actor)  # type: ignore[arg-type]


def _subjects(lessons: QuerySet[Lesson]) -> set[tuple[int | None, int | None, str]]:
    return set(lessons.values_list("work_id", "party_id", "text"))
