"""Putting a catalogue into the register, with a constant number of statements however long it is.

What is registered stands: a work that is there already gets further titles, recordings and fitting shares, and a share
that does not fit becomes a ShareConflict beside it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from portal.accounts.models import Organisation
from works.catalogue.additions import Addition, NewShare, Source, add_to_register
from works.catalogue.base import ERRORS, ParsedCatalogue, ParsedRecording, ParsedTitle, ParsedWork, ParseProblem
from works.catalogue.parties import Known, Named, PartyBook, PartyRequest
from works.models import (
    CatalogueRow,
    ChangeLog,
    Party,
    PartyName,
    Recording,
    RecordingWork,
    Right,
    Share,
    ShareConflict,
    Work,
    WorkTitle,
)
from works.shares import ShareFact, find_excess

Outcome = CatalogueRow.Outcome


@dataclass(frozen=True)
class Ended:
    """How a row of a catalogue ended."""

    outcome: str
    work_id: int | None = None


@dataclass
class Existing:
    """A work of the register, as far as a catalogue is compared with it."""

    work_id: int
    title: str
    iswc: str
    ours: bool
    texts: set[str] = field(default_factory=set)
    recordings: set[tuple[str, str]] = field(default_factory=set)  # ISRC and performer
    without_album: set[tuple[str, str]] = field(default_factory=set)  # ISRC, or where there is none the performer
    without_duration: set[tuple[str, str]] = field(default_factory=set)
    parties: dict[Named, dict[int, Known]] = field(default_factory=lambda: defaultdict(dict))
    shares: list[tuple[int, ShareFact]] = field(default_factory=list)

    def knows(self, recording: ParsedRecording) -> bool:
        if recording.isrc:
            return any(isrc == recording.isrc for isrc, _ in self.recordings)
        return any(performer == recording.performer for _, performer in self.recordings)

    def lacks(self, recording: ParsedRecording) -> bool:
        """Whether the file says of a recording what the register does not. One without an ISRC is no other that has one, for a
        performer may have several of a work.
        """
        key = (recording.isrc, "" if recording.isrc else recording.performer)
        return bool(
            (recording.album and key in self.without_album)
            or (recording.duration_seconds and key in self.without_duration)
        )


class CatalogueRegistration:
    """Works of a catalogue on their way into the register. `ended` and `problems` tell of each row by its number.

    ipis: kind → name → IPIs, for names that stand in the catalogue both with and without an IPI.
    """

    def __init__(
        self, *, organisation: Organisation, source: Source, ipis: Mapping[str, Mapping[str, Sequence[str]]]
    ) -> None:
        self.organisation = organisation
        self.source = source
        self.book = PartyBook(organisation, ipis)
        self.ended: dict[int, Ended] = {}
        self.problems: dict[int, list[ParseProblem]] = defaultdict(list)
        self.works: Counter[str] = Counter()  # by outcome

    def register(self, catalogue: ParsedCatalogue) -> None:
        for row_no, found in catalogue.problems.items():
            self.problems[row_no] += found
        waiting: Sequence[ParsedWork] = catalogue.works
        became = _became(waiting, self.organisation)
        while waiting:  # a second row for the same work is compared with what the first left, so it waits for it
            now, waiting = _apart(waiting, became)
            self._register(now)
        for row_no, problems in self.book.problems.items():
            self.problems[row_no] += problems
        for row in catalogue.rows:
            self.ended.setdefault(row.row_no, Ended(Outcome.TO_MEND))

    def find_parties(self, works: Sequence[ParsedWork]) -> None:
        """Find or make the parties that these works name by their IPI, and change nothing else."""
        works, known = self._compare_with_register(works)
        self.book.resolve_ipis(_party_requests(works, known))

    def _compare_with_register(
        self, works: Sequence[ParsedWork]
    ) -> tuple[list[ParsedWork], dict[str, Existing | None]]:
        """The works whose ISWC fits, and for each reference the work of the register, with all it has."""
        existing = _find_existing(works, self.organisation)
        fitting = [work for work in works if self._iswc_fits(work, existing)]
        known = {work.work_ref: existing.of(work) for work in fitting}
        _load_shares(list({found.work_id: found for found in known.values() if found}.values()))
        return fitting, known

    def _register(self, works: Sequence[ParsedWork]) -> None:
        works, known = self._compare_with_register(works)
        self.book.resolve(_party_requests(works, known))
        owners = _owners_of_isrcs(works)
        additions: list[tuple[ParsedWork, Addition]] = []
        for work in works:
            if not self._parties_found(work):
                continue
            shares = self._shares(work)
            found = known[work.work_ref]
            if found is None:
                additions.append(
                    (work, self._addition(work, None, work.titles, work.iswc, self._own(work, None, owners), shares))
                )
                continue
            fresh, clash = _compare(shares, found)
            if clash:
                self._conflict(work, found, fresh)
                continue
            titles = [title for title in work.titles if title.text not in found.texts]
            own = self._own(work, found, owners)
            recordings = [each for each in own if not found.knows(each)]
            details = [each for each in own if found.lacks(each)]
            iswc = work.iswc if not found.iswc else ""
            if fresh or titles or recordings or details or iswc:
                additions.append((work, self._addition(work, found, titles, iswc, recordings, fresh, details)))
            else:
                self._end(work, Outcome.DUPLICATE, found.work_id)
        self._add(additions, owners)

    def _add(self, additions: Sequence[tuple[ParsedWork, Addition]], owners: _IsrcOwners) -> None:
        new_iswcs = {each.work_id: each.iswc for _, each in additions if each.work_id is not None and each.iswc}
        changed = list(Work.objects.filter(pk__in=new_iswcs))
        for row in changed:
            row.iswc = new_iswcs[row.pk]
        Work.objects.bulk_update(changed, ["iswc"], batch_size=1000)
        ids = add_to_register([each for _, each in additions], self.source, owners.without_work)
        for (work, _), work_id in zip(additions, ids, strict=True):
            self._end(work, Outcome.REGISTERED, work_id)

    def _end(self, work: ParsedWork, outcome: str, work_id: int | None) -> None:
        self.works[outcome] += 1
        self.ended.update((row_no, Ended(outcome, work_id)) for row_no in work.row_nos)

    def _note(self, row_no: int, column: str, value: str, code: str, **params: str | int) -> None:
        self.problems[row_no].append(ParseProblem(row_no=row_no, column=column, value=value, code=code, params=params))

    def _refuse(
        self, work: ParsedWork, wrong: Iterable[int], outcome: str = Outcome.TO_MEND, work_id: int | None = None
    ) -> None:
        """End all rows of a work because of some of them; the others say which."""
        numbers = sorted(set(wrong))
        code = "work-has-errors" if outcome == Outcome.TO_MEND else "work-has-conflicts"
        for row_no in work.row_nos:
            if row_no not in numbers:
                self._note(row_no, "work_ref", work.work_ref, code, rows=", ".join(map(str, numbers[:20])))
        self._end(work, outcome, work_id)

    def _iswc_fits(self, work: ParsedWork, existing: _ExistingWorks) -> bool:
        by_ref, by_iswc = existing.by_ref.get(work.work_ref), existing.by_iswc.get(work.iswc)
        if not work.iswc or by_ref is None or by_ref is by_iswc:
            return True
        if by_ref.iswc:
            self._note(work.row_nos[0], "iswc", work.iswc, "iswc-differs", registered=by_ref.iswc)
        elif by_iswc is not None:
            self._note(work.row_nos[0], "iswc", work.iswc, "iswc-of-another-work", title=by_iswc.title)
        else:
            return True
        self._refuse(work, work.row_nos[:1])
        return False

    def _parties_found(self, work: ParsedWork) -> bool:
        lost = [
            share.row_no
            for share in work.shares
            if any(problem.code in ERRORS for problem in self.book.problems.get(share.row_no, ()))
        ]
        if lost:
            self._refuse(work, lost)
        return not lost

    def _shares(self, work: ParsedWork) -> list[NewShare]:
        ids = self.book.ids
        writers = {
            share.party: ids.get(share.row_no) for share in reversed(work.shares) if share.kind == Party.Kind.WRITER
        }
        return [
            NewShare(
                party_id=ids[share.row_no], role=share.role, right=right, territory=share.territory, fraction=fraction,
                from_date=share.from_date, row_no=share.row_no,
                writer_id=writers.get(share.publisher_of) if share.publisher_of else None,
            )
            for share in work.shares
            for right, fraction in ((Right.PERFORMING, share.performing), (Right.MECHANICAL, share.mechanical))
            if fraction
        ]  # fmt: skip

    def _own(self, work: ParsedWork, found: Existing | None, owners: _IsrcOwners) -> list[ParsedRecording]:
        """The recordings but those whose ISRC belongs to another work."""
        kept = []
        for recording in work.recordings:
            if recording.isrc and not owners.claim(recording.isrc, found.work_id if found else None, work.work_ref):
                self._note(recording.row_no, "isrc", recording.isrc, "isrc-of-another-work")
            else:
                kept.append(recording)
        return kept

    def _addition(
        self,
        work: ParsedWork,
        found: Existing | None,
        titles: Sequence[ParsedTitle],
        iswc: str,
        recordings: Sequence[ParsedRecording],
        shares: Sequence[NewShare],
        details: Sequence[ParsedRecording] = (),
    ) -> Addition:
        standing = (
            {(fact.party_id, fact.right): pk for pk, fact in found.shares if fact.until_date is None} if found else {}
        )
        return Addition(
            work_id=found.work_id if found else None, title=work.title, titles=titles, iswc=iswc, submitter_ref=work.work_ref,
            recordings=recordings, shares=shares, details=details, standing=standing,
        )  # fmt: skip

    def _conflict(self, work: ParsedWork, found: Existing, fresh: Sequence[NewShare]) -> None:
        """What is registered stays; the claim is kept beside it, once however often the file is sent."""
        same = ["party_id", "role", "right", "territory", "numerator", "denominator"]
        stored = set(ShareConflict.objects.filter(work=found.work_id, claimant=self.organisation).values_list(*same))
        rows = []
        for share in fresh:
            values = (*share.slot, share.fraction.numerator, share.fraction.denominator)
            self._note(share.row_no, f"{share.right}_share", str(share.fraction), "share-conflict")
            if values not in stored:
                claim = dict(zip(same, values, strict=True))
                rows.append(
                    ShareConflict(work_id=found.work_id, claimant=self.organisation, created_at=self.source.at, **claim)
                )
        ShareConflict.objects.bulk_create(rows)
        if rows:
            ChangeLog.objects.create(
                work_id=found.work_id, action="share.conflict", actor_id=self.source.actor_id, reason=self.source.reason,
                data={**self.source.data, "shares": [share.as_json() for share in fresh]},
            )  # fmt: skip
        self._refuse(work, (share.row_no for share in fresh), Outcome.CONFLICT, found.work_id)


@dataclass(frozen=True)
class _ExistingWorks:
    by_ref: Mapping[str, Existing]
    by_iswc: Mapping[str, Existing]

    def of(self, work: ParsedWork) -> Existing | None:
        return self.by_ref.get(work.work_ref) or (self.by_iswc.get(work.iswc) if work.iswc else None)


@dataclass
class _IsrcOwners:
    """Which work an ISRC belongs to: by id in the register, by reference in this catalogue."""

    works: dict[str, set[int]]
    without_work: dict[str, int]
    claimed: dict[str, str] = field(default_factory=dict)

    def claim(self, isrc: str, work_id: int | None, work_ref: str) -> bool:
        if owners := self.works.get(isrc):
            return work_id in owners
        return self.claimed.setdefault(isrc, work_ref) == work_ref


def _became(works: Sequence[ParsedWork], organisation: Organisation) -> dict[str, set[str]]:
    """The publisher's number → the other numbers and the ISWC under which the same file may name the work it was merged into."""
    merged = Work.objects.filter(
        registered_by=organisation, submitter_ref__in=[work.work_ref for work in works], merged_into__isnull=False
    ).exclude(submitter_ref="")
    found: dict[str, set[str]] = defaultdict(set)
    for ref, into_id, owner_id, own_ref, iswc in merged.values_list(
        "submitter_ref",
        "merged_into",
        "merged_into__registered_by",
        "merged_into__submitter_ref",
        "merged_into__iswc",
    ):
        found[ref] = {f"work {into_id}", *([f"iswc {iswc}"] if iswc else [])}
        if owner_id == organisation.pk and own_ref:
            found[own_ref].add(f"work {into_id}")
    return found


def _apart(works: Sequence[ParsedWork], became: Mapping[str, set[str]]) -> tuple[list[ParsedWork], list[ParsedWork]]:
    seen: set[str] = set()
    now: list[ParsedWork] = []
    later: list[ParsedWork] = []
    for work in works:
        means = {*became.get(work.work_ref, ()), *([f"iswc {work.iswc}"] if work.iswc else [])}
        if means & seen:
            later.append(work)
        else:
            now.append(work)
            seen |= means
    return now, later


def _find_existing(works: Sequence[ParsedWork], organisation: Organisation) -> _ExistingWorks:
    """The works this catalogue means, locked, so that nobody else changes their shares meanwhile.

    A number that the publisher gave to a work which was merged into another one means that other one.
    """
    numbered = Work.objects.filter(
        registered_by=organisation, submitter_ref__in=[work.work_ref for work in works]
    ).exclude(submitter_ref="")
    meant = [*numbered.values_list("pk", flat=True), *numbered.values_list("merged_into", flat=True)]
    means = Q(pk__in=[pk for pk in meant if pk]) | Q(iswc__in=[work.iswc for work in works if work.iswc])
    columns = ["pk", "title", "iswc", "registered_by_id", "submitter_ref", "merged_into_id"]
    locked = list(Work.objects.filter(means).select_for_update(no_key=True).order_by("pk").values_list(*columns))
    standing = {pk for pk, *_, merged_into in locked if merged_into is None}
    if any(merged_into not in {None, *standing} for *_, merged_into in locked):
        return _find_existing(works, organisation)  # merged between the look and the lock
    found = {
        pk: Existing(pk, title, iswc or "", ours=owner_id == organisation.pk)
        for pk, title, iswc, owner_id, _, merged_into in locked
        if merged_into is None
    }
    refs = {
        submitter_ref: found[merged_into or pk]
        for pk, _, _, owner_id, submitter_ref, merged_into in locked
        if owner_id == organisation.pk and submitter_ref
    }
    return _ExistingWorks(refs, {existing.iswc: existing for existing in found.values() if existing.iswc})


def _load_shares(works: Sequence[Existing]) -> None:
    """Titles, recordings, shares and parties of the works. Three statements."""
    by_id = {work.work_id: work for work in works}
    for work_id, text in WorkTitle.objects.filter(work__in=by_id).values_list("work_id", "text"):
        by_id[work_id].texts.add(text)
    parts = RecordingWork.objects.filter(work__in=by_id).values_list(
        "work_id", "recording__isrc", "recording__performer", "recording__album", "recording__duration_seconds"
    )
    for work_id, isrc, performer, album, duration in parts:
        work, key = by_id[work_id], (isrc or "", "" if isrc else performer)
        work.recordings.add((isrc or "", performer))
        if not album:
            work.without_album.add(key)
        if not duration:
            work.without_duration.add(key)
    shares = Share.objects.filter(work__in=by_id).select_related("party").order_by("pk")
    names: dict[int, set[str]] = defaultdict(set)
    for party_id, text in (
        PartyName.objects.filter(party__shares__work__in=by_id).values_list("party_id", "text").distinct()
    ):
        names[party_id].add(text)
    for share in shares:
        work = by_id[share.work_id]
        party = share.party
        for name in {party.name, *names[party.pk]}:
            work.parties[(party.kind, name)][party.pk] = Known(party.pk, party.ipi_name_number or "")
        fact = ShareFact(
            share.pk,
            share.party_id,
            share.right,
            share.territory,
            share.fraction,
            share.from_date,
            share.until_date,
            share.role,
        )
        work.shares.append((share.pk, fact))


def _party_requests(works: Sequence[ParsedWork], known: Mapping[str, Existing | None]) -> list[PartyRequest]:
    """One for each row that owns something."""
    return [
        PartyRequest(share, work.work_ref, _parties(found), ours=found is None or found.ours)
        for work in works
        for found in (known[work.work_ref],)
        for share in work.shares
        if share.performing or share.mechanical
    ]


def _parties(found: Existing | None) -> dict[Named, Sequence[Known]]:
    return {named: list(parties.values()) for named, parties in found.parties.items()} if found else {}


def _owners_of_isrcs(works: Sequence[ParsedWork]) -> _IsrcOwners:
    wanted = [recording.isrc for work in works for recording in work.recordings if recording.isrc]
    owners: dict[str, set[int]] = defaultdict(set)
    found = Recording.objects.filter(isrc__in=wanted)
    without = {str(isrc): pk for isrc, pk in found.filter(parts=None).values_list("isrc", "pk")}
    for isrc, work_id in found.exclude(parts=None).values_list("isrc", "parts__work"):
        owners[str(isrc)].add(work_id)
    return _IsrcOwners(owners, without)


def _compare(shares: Sequence[NewShare], found: Existing) -> tuple[list[NewShare], bool]:
    """The shares the register has not had yet, and whether they clash: exceed the whole, or change a party's share.

    A share that once stood and was ended is no news: the same file sent again does not claim it back.
    """
    known = Counter(
        (fact.party_id, fact.role, fact.right, fact.territory, fact.fraction, fact.from_date)
        for _, fact in found.shares
    )
    fresh = []
    for share in shares:
        if known[share.key]:
            known[share.key] -= 1
        else:
            fresh.append(share)
    standing = [fact for _, fact in found.shares if fact.until_date is None or fact.until_date > fact.from_date]
    unclaimed = {key[:4] for key, count in known.items() if count}
    open_slots = {
        (fact.party_id, fact.role, fact.right, fact.territory) for fact in standing if fact.until_date is None
    }
    changes = any(share.slot in unclaimed & open_slots for share in fresh)
    return fresh, bool(fresh) and (
        changes or find_excess([*standing, *(share.as_fact() for share in fresh)]) is not None
    )
