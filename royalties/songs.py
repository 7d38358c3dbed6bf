"""What is known of one reported song: its use, the works it is or could be, and how it was decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.accounts.access import Reader
from portal.lib.errors import DomainError
from royalties.models import Earning, Match, MatchWork, ReportedRecording, SongUsage
from works.matching.explain import explain
from works.models import Share, Work

WRITERS: Final = tuple(
    role.value
    for role in Share.Role
    if role not in {Share.Role.ORIGINAL_PUBLISHER, Share.Role.SUB_PUBLISHER, Share.Role.ADMINISTRATOR}
)
OTHER_WORDS: Final = ("language:", "adaptation")  # remarks on a version by which it may be another work
LOOKED_BACK: Final = 100_000  # songs
INDEXED_AT_ONCE: Final = 20_000
METHODS: Final[dict[str, Promise]] = {
    "isrc": _("by ISRC"),
    "iswc": _("by ISWC"),
    "ipi": _("by a writer’s IPI and the title"),
    "name": _("by title and performer"),
    "title": _("by title alone"),
    "staff": _("by staff"),
    "repertoire": _("not in our repertoire"),
    "case": _("by the end of a case"),
    "failed": _("our matcher failed on this song"),
}


class WorkIsUnknown(DomainError):
    code = "work-is-unknown"
    sentence = _("No work has this reference.")
    remedy = _("Copy it from the page of the work.")


def work_named(ref: str) -> Work:
    """The work that staff name in a decision, or the one it was merged into. Raises WorkIsUnknown."""
    work = Work.objects.filter(ref=ref.strip().upper()).select_related("merged_into").first()
    if work is None:
        raise WorkIsUnknown
    return work.merged_into or work


def decisions_on(song: ReportedRecording) -> list[Match]:
    """Every decision, the newest first; the one that stands has not been superseded."""
    return list(Match.objects.filter(recording=song).select_related("decided_by", "decision").order_by("-id"))


def is_distributed(song: ReportedRecording) -> bool:
    """Whether money of it has gone its way, so that its match stays as it is."""
    return Earning.objects.standing().filter(song_usage__recording=song).exists()


def usages_of(song: ReportedRecording, *, with_reports: bool) -> list[dict[str, Any]]:
    """Its use by month and service, newest first; by report as well for those who see reports."""
    fields = ["usage_month", "service", "report__currency", *(["report__ref"] if with_reports else [])]
    rows = SongUsage.objects.filter(recording=song).counted().order_by().values(*fields)
    sums = rows.annotate(lines=Sum("lines"), uses=Sum("uses"), amount=Sum("amount_micros"))
    return list(sums.order_by("-usage_month", "service", *fields[2:]))


def candidates_of(user: Reader, standing: Match | None) -> list[dict[str, Any]]:
    """The works of the standing match with what speaks for each, as far as the reader sees the works."""
    if standing is None:
        return []
    visible: QuerySet[Work] = Work.objects.visible_to(user)
    parts = list(standing.works.filter(work__in=visible).select_related("work").order_by("rank"))
    facts = _facts_of([part.work_id for part in parts])
    return [
        {
            "work": part.work,
            "fraction": Fraction(part.numerator, part.denominator),
            "music_alone": part.music_alone,
            "permille": part.probability_permille,
            "evidence": explain(_told(part, standing)),
            "other_words": any(tag.startswith(OTHER_WORDS) for tag in _told(part, standing).get("versions", ())),
            **facts[part.work_id],
        }
        for part in parts
    ]


def rest_of(parts: Iterable[MatchWork]) -> Fraction:
    """The part of a song that is no registered work: nothing where no work is known at all."""
    known = [Fraction(part.numerator, part.denominator) for part in parts]
    return 1 - sum(known, Fraction(0)) if known else Fraction(0)


def unregistered_part(standing: Match | None) -> Fraction:
    """The part of a matched song that nobody registered, whichever of its works the reader sees."""
    if standing is None or standing.outcome != Match.Outcome.ACCEPTED:
        return Fraction(0)
    return rest_of(standing.works.all())


def _told(part: MatchWork, standing: Match) -> dict[str, Any]:
    """The facts of a work. How many others fit as well is counted from the best one, and is said of it alone."""
    facts: dict[str, Any] = part.evidence or standing.evidence
    return facts if part.rank == 1 else {name: fact for name, fact in facts.items() if name != "rivals"}


def works_of(user: Reader, songs: Sequence[int]) -> dict[int, list[Work]]:
    """Song id → the works it is, as far as the reader sees them. One query."""
    found: dict[int, list[Work]] = {}
    parts = MatchWork.objects.filter(
        match__recording__in=songs,
        match__superseded_at__isnull=True,
        match__outcome="accepted",
        work__in=Work.objects.visible_to(user),
    )
    for part in parts.select_related("match", "work").order_by("rank"):
        found.setdefault(part.match.recording_id, []).append(part.work)
    return found


def _facts_of(works: list[int]) -> dict[int, dict[str, list[str]]]:
    """Work id → its titles, performers, albums and writers, to stand beside what the service reported. Three queries."""
    its_writers = Work.objects.filter(shares__until_date__isnull=True, shares__role__in=WRITERS)
    columns: dict[tuple[str, ...], QuerySet[Work, tuple[Any, ...]]] = {
        ("titles",): Work.objects.filter(titles__ended_at__isnull=True).values_list("id", "titles__text"),
        ("performers", "albums"): Work.objects.values_list(
            "id", "parts__recording__performer", "parts__recording__album"
        ),
        ("writers",): its_writers.values_list("id", "shares__party__name"),
    }
    facts: dict[int, dict[str, list[str]]] = {pk: {name: [] for names in columns for name in names} for pk in works}
    for names, rows in columns.items():
        for pk, *texts in rows.filter(id__in=works).distinct():
            for name, text in zip(names, texts, strict=True):
                if text and text not in facts[pk][name]:
                    facts[pk][name].append(text)
    return facts


def keep_words() -> int:
    """Index what new songs are searched by, so that searching need not read them one by one; returns how many.

    Looks back a little behind the newest song that is indexed, for an import may commit an earlier number later.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO royalties_songwords (recording_id, words)
            SELECT r.id, garak_searched(r.title || E'\\n' || r.artists) FROM royalties_reportedrecording r
            WHERE r.id > (SELECT coalesce(max(recording_id), 0) - %s FROM royalties_songwords)
                AND NOT EXISTS (SELECT 1 FROM royalties_songwords w WHERE w.recording_id = r.id)
            ORDER BY r.id LIMIT %s ON CONFLICT DO NOTHING""",
            [LOOKED_BACK, INDEXED_AT_ONCE],
        )
        return int(cursor.rowcount)
