"""Which party a row of a catalogue means: by its IPI, else by its name among the publisher's own, else a new one.

A name alone is never searched in the whole register: two writers may be called 김민수, and the money would reach the
wrong one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from django.db import connection
from django.utils import timezone

from portal.accounts.models import Organisation
from works.catalogue.base import NON_MEMBER, PUBLIC_DOMAIN, ParsedShare, ParseProblem
from works.matching.derive import add_party_keys, without_ended
from works.matching.keys import keys_of_name
from works.models import Affiliation, Party, PartyName, Society
from works.names.alike import alike
from works.names.script import detect_script
from works.provenance import NameSource

Named = tuple[str, str]  # kind and name
SAME_NAME: Final = 0.9  # of works.names.alike


@dataclass(frozen=True)
class Known:
    """A party of an existing work, as far as it helps to recognise it."""

    party_id: int
    ipi: str


@dataclass(frozen=True)
class PartyRequest:
    """One row's party. known_here: the parties of the work, if it is registered; ours: whether this publisher registered it."""

    share: ParsedShare
    work_ref: str
    known_here: Mapping[Named, Sequence[Known]] = field(default_factory=dict)
    ours: bool = True

    @property
    def named(self) -> Named:
        return self.share.kind, self.share.party


class PartyBook:
    """Parties of a catalogue. After `resolve`, `ids` has the party of each row and `problems` what is to be said.

    ipis: kind → name → IPIs, for names that stand in the catalogue both with and without an IPI: without one they mean
    the same party, in whatever part of the catalogue its IPI stands.
    """

    def __init__(self, organisation: Organisation, ipis: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        self.organisation = organisation
        self.ipis = ipis
        self.ids: dict[int, int] = {}  # by row number
        self.problems: dict[int, list[ParseProblem]] = defaultdict(list)
        self._by_ipi: dict[str, int] = {}

    def resolve(self, requests: Sequence[PartyRequest]) -> None:
        """Find or make the party of every row, its names and its affiliation. A constant number of statements."""
        self.resolve_ipis(requests)
        self._find_by_name([request for request in requests if not request.share.ipi])
        found = [request.share for request in requests if request.share.row_no in self.ids]
        self._add_names(found)
        self._affiliate(found)

    def resolve_ipis(self, requests: Sequence[PartyRequest]) -> None:
        """Find or make the party of every row with an IPI, and no more."""
        with_ipi = [request for request in requests if request.share.ipi]
        self._find_by_ipi({request.share.ipi for request in with_ipi})
        self._adopt(with_ipi)
        self._make_by_ipi([request.share for request in with_ipi])
        for request in with_ipi:
            self.ids[request.share.row_no] = self._by_ipi[request.share.ipi]

    def _note(self, share: ParsedShare, column: str, code: str, **params: str | int) -> None:
        value = str(getattr(share, column))
        self.problems[share.row_no].append(
            ParseProblem(row_no=share.row_no, column=column, value=value, code=code, params=params)
        )

    def _find_by_ipi(self, ipis: Iterable[str]) -> None:
        found = Party.objects.filter(ipi_name_number__in=set(ipis) - self._by_ipi.keys())
        self._by_ipi.update((ipi, pk) for ipi, pk in found.values_list("ipi_name_number", "pk") if ipi)

    def _adopt(self, requests: Sequence[PartyRequest]) -> None:
        """An IPI nobody has yet belongs to the party of that name in the same work, when the publisher now adds it."""
        adopted: dict[int, str] = {}
        for request in requests:
            known = request.known_here.get(request.named, ())
            if request.share.ipi in self._by_ipi or not request.ours or len(known) != 1:
                continue
            party_id = known[0].party_id
            if not known[0].ipi and party_id not in adopted:
                adopted[party_id] = request.share.ipi
                self._by_ipi[request.share.ipi] = party_id
        for party in Party.objects.filter(pk__in=adopted):
            party.ipi_name_number = adopted[party.pk]
            party.save(update_fields=["ipi_name_number"])

    def _make_by_ipi(self, shares: Iterable[ParsedShare]) -> None:
        first: dict[str, ParsedShare] = {}
        for share in shares:
            if share.ipi not in self._by_ipi:
                first.setdefault(share.ipi, share)
        # another import may make the same party at the same moment: then that one is it
        Party.objects.bulk_create([self._new_party(share) for share in first.values()], ignore_conflicts=True)
        self._find_by_ipi(first)

    def _find_by_name(self, requests: Sequence[PartyRequest]) -> None:
        """By name among the parties of the work, else among the publisher's own and those the catalogue names by IPI."""
        wanted = {request.named for request in requests}
        candidates: dict[Named, set[int]] = defaultdict(set)
        for named, party_id in self._own_earlier(wanted):
            candidates[named].add(party_id)
        named_by_ipi = {named: self.ipis.get(named[0], {}).get(named[1], ()) for named in wanted}
        self._find_by_ipi(ipi for ipis in named_by_ipi.values() for ipi in ipis)
        unknown: dict[Named, list[str]] = {}
        for named, ipis in named_by_ipi.items():
            candidates[named] |= {self._by_ipi[ipi] for ipi in ipis if ipi in self._by_ipi}
            unknown[named] = [ipi for ipi in ipis if ipi not in self._by_ipi]
        missing: list[PartyRequest] = []
        for request in requests:
            named = request.named
            here = {known.party_id for known in request.known_here.get(named, ())}
            found = here if len(here) == 1 else candidates[named]
            if len(here) != 1 and len(candidates[named]) + len(unknown[named]) > 1:
                self._note(request.share, "party", "party-ambiguous")
            elif found:
                self.ids[request.share.row_no] = next(iter(found))
            else:
                missing.append(request)
        lost = {request.work_ref for request in requests if request.share.row_no in self.problems}
        self._make_by_name([request for request in missing if request.work_ref not in lost], unknown)

    def _make_by_name(self, requests: Sequence[PartyRequest], ipis: Mapping[Named, Sequence[str]]) -> None:
        """One new party per name; with its IPI, if the catalogue knows it from a row that has to be mended."""
        same: dict[Named, list[PartyRequest]] = defaultdict(list)
        for request in requests:
            same[request.named].append(request)
        shares = [replace(together[0].share, ipi=next(iter(ipis[named]), "")) for named, together in same.items()]
        self._make_by_ipi([share for share in shares if share.ipi])
        bare = [share for share in shares if not share.ipi]
        made = Party.objects.bulk_create([self._new_party(share) for share in bare], batch_size=5000)
        ids = {share.row_no: party.pk for share, party in zip(bare, made, strict=True)}
        ids |= {share.row_no: self._by_ipi[share.ipi] for share in shares if share.ipi}
        for together in same.values():
            party_id = ids[together[0].share.row_no]
            self.ids.update((request.share.row_no, party_id) for request in together)

    def _own_earlier(self, wanted: set[Named]) -> list[tuple[Named, int]]:
        """Parties of these names that this publisher brought, that stand in its works or claims, or are its own."""
        kinds, names = [kind for kind, _ in wanted], [name for _, name in wanted]
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT p.kind, p.name, p.id FROM works_party p JOIN unnest(%s::text[], %s::text[]) q (kind, name) USING (kind, name)
                WHERE p.organisation_id = %s OR p.brought_by_id = %s
                    OR EXISTS (SELECT 1 FROM works_share s JOIN works_work w ON w.id = s.work_id
                               WHERE s.party_id = p.id AND w.registered_by_id = %s)
                    OR EXISTS (SELECT 1 FROM works_shareconflict c WHERE c.party_id = p.id AND c.claimant_id = %s)""",
                [kinds, names, *[self.organisation.pk] * 4],
            )
            return [((kind, name), party_id) for kind, name, party_id in cursor.fetchall()]

    def _new_party(self, share: ParsedShare) -> Party:
        own = share.kind == Party.Kind.PUBLISHER and share.party == self.organisation.name
        return Party(
            kind=share.kind,
            name=share.party,
            ipi_name_number=share.ipi or None,
            organisation=self.organisation if own else None,
            brought_by=self.organisation,
        )

    def _add_names(self, shares: Sequence[ParsedShare]) -> None:
        """Further ways of writing a name, unless the row seems to mean somebody else than its IPI."""
        known: dict[int, dict[str, None]] = defaultdict(dict)
        parties = set(self.ids.values())
        for party_id, name in Party.objects.filter(pk__in=parties).values_list("pk", "name"):
            known[party_id][name] = None
        for party_id, text in (
            PartyName.objects.filter(party__in=parties).order_by("pk").values_list("party_id", "text")
        ):
            known[party_id][text] = None
        names: dict[tuple[int, str], PartyName] = {}
        now = timezone.now()
        for share in shares:
            party_id = self.ids[share.row_no]
            written = [name for name in (share.party, share.party_latin, share.party_hanja) if name]
            if share.ipi and not _any_alike(written, known[party_id]):
                self._note(share, "party", "name-differs", registered=next(iter(known[party_id])))
                continue
            for name in written:
                kind = PartyName.Kind.ROMANISED if name == share.party_latin != share.party else PartyName.Kind.ORIGINAL
                names.setdefault(
                    (party_id, name),
                    PartyName(
                        party_id=party_id,
                        text=name,
                        script=detect_script(name),
                        kind=kind,
                        source=NameSource.PUBLISHER,
                        said_for=self.organisation,
                        said_at=now,
                    ),
                )
        fresh = without_ended(names)
        PartyName.objects.bulk_create([names[each] for each in fresh], ignore_conflicts=True, batch_size=5000)
        add_party_keys(fresh)

    def _affiliate(self, shares: Sequence[ParsedShare]) -> None:
        """Who collects, for parties of whom that is not known yet. What is known stays; a difference is said."""
        societies = {society.code: society for society in Society.objects.all()}
        codes = {
            **{code: code for code in societies},
            **{society.name.casefold(): code for code, society in societies.items()},
        }
        standing: dict[int, list[Affiliation]] = defaultdict(list)
        for row in Affiliation.objects.filter(party__in=set(self.ids.values()), until_date=None).order_by("pk"):
            standing[row.party_id].append(row)
        made: list[Affiliation] = []
        for share in shares:
            if not share.society:
                continue
            party_id = self.ids[share.row_no]
            wanted = _read_society(share.society, codes)
            if wanted is None:
                self._note(share, "society", "society-unknown")
                continue
            kind, code = wanted
            if not standing[party_id]:
                made.append(Affiliation(party_id=party_id, kind=kind, society_id=code))
                standing[party_id].append(made[-1])
            elif all((row.kind, row.society_id) != wanted for row in standing[party_id]):
                row = standing[party_id][0]
                registered = societies[row.society_id].name if row.society_id else _short(row.kind)
                self._note(share, "society", "society-differs", registered=registered)
        Affiliation.objects.bulk_create(made, batch_size=5000)


def _read_society(text: str, codes: Mapping[str, str]) -> tuple[str, str | None] | None:
    if text.upper() == NON_MEMBER:
        return Affiliation.Kind.NON_MEMBER, None
    if text.upper() == PUBLIC_DOMAIN:
        return Affiliation.Kind.PUBLIC_DOMAIN, None
    code = codes.get(text.zfill(3)) or codes.get(text.casefold())  # spreadsheets drop the zeros of 010
    return (Affiliation.Kind.SOCIETY, code) if code else None


def _short(kind: str) -> str:
    return PUBLIC_DOMAIN if kind == Affiliation.Kind.PUBLIC_DOMAIN else NON_MEMBER


def _any_alike(written: Iterable[str], known: Iterable[str]) -> bool:
    """Whether a name on one side shares an exact key with one on the other (case, accents and Hanja readings aside), or
    is one of its romanisations."""
    keys = {key.key for name in known for key in keys_of_name(name) if key.exact}
    if any(key.key in keys for name in written for key in keys_of_name(name)):
        return True
    return any(alike(one, other).score >= SAME_NAME for one in written for other in known)
