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
from works.models import Party, RecordingTitle, Work
from works.naming import AnyName

TITLE: Final = "title"
PERFORMER: Final = "performer"
WRITER: Final = "writer"


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
    fact = PERFORMER if party.kind == Party.Kind.PERFORMER else WRITER
    return _by_name(names, _met(Work.objects.visible_to(user).of_party(party), fact), with_rest=False)


def _met(works: QuerySet[Work], fact: str) -> Iterable[Mapping[str, Any]]:
    """Sums of the songs that stand matched to these works, by the registered text that this fact of their evidence names."""
    standing = MatchWork.objects.filter(
        work__in=works,
        match__superseded_at__isnull=True,
        match__outcome="accepted",
        match__recording__usages__in=SongUsage.objects.counted(),
    )
    text = Coalesce(_registered("evidence", fact), _registered("match__evidence", fact))
    rows = standing.order_by().values(text=text, currency=F("match__recording__usages__report__currency"))
    return rows.annotate(
        songs=Count("match__recording", distinct=True),
        lines=Sum("match__recording__usages__lines"),
        amount_micros=Sum("match__recording__usages__amount_micros"),
    ).order_by("currency")


def _registered(evidence: str, fact: str) -> KeyTextTransform:
    return KeyTextTransform("registered", KeyTransform(fact, evidence))


def _by_name(names: Sequence[AnyName], met: Iterable[Mapping[str, Any]], *, with_rest: bool) -> list[NameFigures]:
    """Each name with its sums, the most lines first; a text said several times counts for the name that stands."""
    first: dict[str, AnyName] = {}
    for name in sorted(names, key=lambda name: name.ended_at is not None):
        first.setdefault(name.text, name)
    sums: dict[AnyName | None, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
    for row in met:
        total = sums[first.get(row["text"])][row["currency"]]
        for place, field in enumerate(("songs", "lines", "amount_micros")):
            total[place] += int(row[field])
    shown: list[AnyName | None] = [name for name in names if name.ended_at is None or name in sums]
    found = [
        NameFigures(
            name=name,
            matched=[
                Matched(currency=currency, songs=songs, lines=lines, amount_micros=amount)
                for currency, (songs, lines, amount) in sums[name].items()
            ]
            if name in sums
            else [],
        )
        for name in [*shown, *([None] if with_rest and None in sums else [])]
    ]
    return sorted(found, key=lambda each: (each.name is None, -sum(matched.lines for matched in each.matched)))
