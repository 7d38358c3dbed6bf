"""What each name has matched: songs, lines and reported money of the matches that stand, by the name that each of them met.

A match keeps as evidence which registered title, performer or writer the report met. Songs that were recognised by a number,
or that a person matched without a proposal, met no name; they stand apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Coalesce

from portal.accounts.access import Reader
from royalties.models import MatchWork, SongUsage
from works.models import Party, PartyName, RecordingTitle, RecordingWork, Share, Work, WorkPerformer
from works.naming import AnyName

TITLE: Final = "title"
PERFORMER: Final = "performer"
WRITER: Final = "writer"
FACTS: Final = (TITLE, PERFORMER, WRITER)
CURRENCY: Final = F("match__recording__usages__report__currency")


@dataclass(frozen=True, kw_only=True)
class Matched:
    """What met one name in one currency. amount_micros: as reported, for the whole songs."""

    currency: str
    songs: int
    lines: int
    amount_micros: int


@dataclass(frozen=True, kw_only=True)
class NameFigures:
    """A name and what it matched; without a name, what was matched by none."""

    name: AnyName | None
    matched: Sequence[Matched]


def figures_of_work(work: Work) -> list[NameFigures]:
    """Every title of the work and of its recordings, the withdrawn ones that matched something too. Four statements."""
    recordings = RecordingTitle.objects.filter(recording__parts__work=work)
    titles = [
        *work.titles.with_state().select_related("work", "said_for").order_by("pk"),
        *recordings.with_state().select_related("recording", "said_for").order_by("pk"),
    ]
    return _by_name(titles, _met(Work.objects.filter(pk=work.pk), TITLE), with_rest=True)


def figures_of_party(party: Party, user: Reader) -> list[NameFigures]:
    """Every name of a writer or performer, in the works of theirs that the reader sees. Three statements."""
    names = list(party.names.with_state().select_related("party", "said_for").order_by("pk"))
    return _by_name(names, _met(Work.objects.visible_to(user).of_party(party), _fact_of(party)), with_rest=False)


def figures_of_names(names: Sequence[AnyName], user: Reader) -> dict[str, list[Matched]]:
    """Number of a name → what it has matched in the works that the reader sees. Five statements, however many names."""
    works = _works_of(names)
    visible = Work.objects.visible_to(user).filter(pk__in=set().union(*works.values()))
    rows = _standing(visible).values("work_id", **{fact: _text(fact) for fact in FACTS}, currency=CURRENCY)
    met: dict[tuple[int, str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
    for row in _summed(rows):
        for fact in FACTS:
            if row[fact] is not None:
                _add(met[row["work_id"], fact, row[fact]][row["currency"]], row)
    found: dict[str, list[Matched]] = {}
    for name in names:
        fact = _fact_of(name.party) if isinstance(name, PartyName) else TITLE
        sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        for work_id in works[name.subject_field, name.named.pk]:
            for currency, (songs, lines, amount) in met.get((work_id, fact, name.text), {}).items():
                _add(sums[currency], {"songs": songs, "lines": lines, "amount_micros": amount})
        found[name.number] = _matched(sums)
    return found


def _works_of(names: Sequence[AnyName]) -> dict[tuple[str, int], set[int]]:
    """What is named → its works: of a party those it performs or shares in. At most three statements."""
    works: dict[tuple[str, int], set[int]] = {(name.subject_field, name.named.pk): set() for name in names}
    for subject, pk in works:
        if subject == "work":
            works[subject, pk].add(pk)
    recordings = [pk for subject, pk in works if subject == "recording"]
    parties = [pk for subject, pk in works if subject == "party"]
    pairs = {
        "recording": RecordingWork.objects.filter(recording__in=recordings).values_list("recording_id", "work_id"),
        "party": WorkPerformer.objects.filter(party__in=parties)
        .values_list("party_id", "work_id")
        .union(Share.objects.standing().filter(party__in=parties).values_list("party_id", "work_id")),
    }
    for subject, rows in pairs.items():
        for pk, work_id in rows:
            works[subject, pk].add(work_id)
    return works


def _fact_of(party: Party) -> str:
    return PERFORMER if party.kind == Party.Kind.PERFORMER else WRITER


def _met(works: QuerySet[Work], fact: str) -> Iterable[Mapping[str, Any]]:
    """Sums of the songs that stand matched to these works, by the registered text that this fact of their evidence names."""
    return _summed(_standing(works).values(text=_text(fact), currency=CURRENCY))


def _standing(works: QuerySet[Work]) -> QuerySet[MatchWork]:
    """The works' parts in the matches that stand, once for each sum of a report that counts."""
    return MatchWork.objects.filter(
        work__in=works,
        match__superseded_at__isnull=True,
        match__outcome="accepted",
        match__recording__usages__in=SongUsage.objects.counted(),
    ).order_by()


def _summed(rows: Any) -> Iterable[Mapping[str, Any]]:
    return rows.annotate(  # type: ignore[no-any-return]  # values of the caller's choice
        songs=Count("match__recording", distinct=True),
        lines=Sum("match__recording__usages__lines"),
        amount_micros=Sum("match__recording__usages__amount_micros"),
    ).order_by("currency")


def _add(total: list[int], row: Mapping[str, Any]) -> None:
    for place, field in enumerate(("songs", "lines", "amount_micros")):
        total[place] += int(row[field])


def _matched(sums: Mapping[str, Sequence[int]]) -> list[Matched]:
    return [
        Matched(currency=currency, songs=songs, lines=lines, amount_micros=amount)
        for currency, (songs, lines, amount) in sums.items()
    ]


def _text(fact: str) -> Coalesce:
    """The registered text that this fact of the evidence names."""
    return Coalesce(_registered("evidence", fact), _registered("match__evidence", fact))


def _registered(evidence: str, fact: str) -> KeyTextTransform:
    return KeyTextTransform("registered", KeyTransform(fact, evidence))


def _by_name(names: Sequence[AnyName], met: Iterable[Mapping[str, Any]], *, with_rest: bool) -> list[NameFigures]:
    """Each name with its sums, the most lines first; a text said several times counts for the name that stands."""
    first: dict[str, AnyName] = {}
    for name in sorted(names, key=lambda name: name.ended_at is not None):
        first.setdefault(name.text, name)
    sums: dict[AnyName | None, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
    for row in met:
        _add(sums[first.get(row["text"])][row["currency"]], row)
    shown: list[AnyName | None] = [name for name in names if name.ended_at is None or name in sums]
    found = [
        NameFigures(
            name=name,
            matched=_matched(sums[name]) if name in sums else [],
        )
        for name in [*shown, *([None] if with_rest and None in sums else [])]
    ]
    return sorted(found, key=lambda each: (each.name is None, -sum(matched.lines for matched in each.matched)))
