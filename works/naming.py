"""The name bank: what people add to the names of works, parties and recordings, dispute, settle and withdraw.

Nothing is overwritten: a name ends, its dispute is settled, and another name may follow. Every change stands in the history
of its work or party, and the keys that songs are matched by follow in the same transaction.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _, gettext_noop

from portal.accounts.access import society_staff
from portal.accounts.models import Organisation, User
from portal.files.models import StoredFile
from portal.lib.errors import DomainError
from portal.notices.services import notify
from works.matching.derive import add_party_keys, add_title_keys, refresh_party_keys, refresh_title_keys
from works.models import (
    ChangeLog,
    NameDispute,
    Party,
    PartyName,
    Recording,
    RecordingTitle,
    RecordingWork,
    Work,
    WorkTitle,
)
from works.names.script import detect_script
from works.provenance import NameSource

AnyName = PartyName | WorkTitle | RecordingTitle
Named = Work | Party | Recording
TABLES: Final[dict[type[Any], type[Any]]] = {Work: WorkTitle, Party: PartyName, Recording: RecordingTitle}
OUTCOMES: Final = NameDispute.Outcome

DISPUTED: Final = gettext_noop("The name “%(name)s” is disputed: %(reason)s")
KEPT: Final = gettext_noop("The name “%(name)s” stays. The society's reason: %(reason)s")
TAKEN_AWAY: Final = gettext_noop("The name “%(name)s” was taken away. The society's reason: %(reason)s")


class NameIsBlank(DomainError):
    code = "name-is-blank"
    sentence = _("A name has at least one letter or sign.")
    remedy = _("Write the name as it is used.")


class NameIsTooLong(DomainError):
    code = "name-is-too-long"
    sentence = _("A name here has at most %(most)s characters; this one has %(length)s.")
    remedy = _("Write the name alone, without remarks.")


class NameStands(DomainError):
    code = "name-stands"
    status = 409
    sentence = _("“%(name)s” is one of its names already.")
    remedy = _("There is nothing to do.")


class NameWasTakenAway(DomainError):
    code = "name-was-taken-away"
    status = 409
    sentence = _("“%(name)s” was disputed, and the society took it away.")
    remedy = _("Ask the society, which may add it again.")


class NameHasEnded(DomainError):
    code = "name-has-ended"
    status = 409
    sentence = _("“%(name)s” is no longer one of its names.")
    remedy = _("Open the name again to see who ended it, and why.")


class NameIsDisputed(DomainError):
    code = "name-is-disputed"
    status = 409
    sentence = _("“%(name)s” is disputed already, and the society has not decided yet.")
    remedy = _("Wait for the decision.")


class NameIsItsOwn(DomainError):
    code = "name-is-its-own"
    status = 409
    sentence = _("“%(name)s” is what it goes by in the register, so it cannot be taken away.")
    remedy = _("Dispute the registration instead, or ask the society to change it.")


class NameIsNotDisputed(DomainError):
    code = "name-is-not-disputed"
    status = 409
    sentence = _("Nobody disputes “%(name)s” now, or the dispute has been settled.")
    remedy = _("Open the name again to see what was decided.")


class SettlerTookPart(DomainError):
    code = "settler-took-part"
    status = 409
    sentence = _("Whoever said or disputed a name does not settle the dispute about it.")
    remedy = _("Let a colleague decide.")


class ReasonIsMissing(DomainError):
    code = "name-reason-is-missing"
    sentence = _("A reason is needed: others will read it.")
    remedy = _("Write why, in a sentence.")


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """Who says something about names: a person for an organisation, or a service or a file without one."""

    source: str
    user: User | None = None
    organisation: Organisation | None = None
    file: StoredFile | None = None


@dataclass(frozen=True, kw_only=True)
class NewName:
    """A name to be added. kind: a NameKind; script: an ISO 15924 code, found from the letters if empty; language: BCP 47 or empty."""

    text: str
    kind: str
    script: str = ""
    language: str = ""
    note: str = ""


def tidy_name(text: str, most: int) -> str:
    """NFC, one space between words, no control or direction characters. Raises NameIsBlank, NameIsTooLong."""
    kept = "".join(
        " " if letter.isspace() else letter
        for letter in unicodedata.normalize("NFC", text)
        if letter.isspace() or unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    )
    name = " ".join(kept.split())
    if not name:
        raise NameIsBlank
    if len(name) > most:
        raise NameIsTooLong(most=most, length=len(name))
    return name


def longest_name(named: Named) -> int:
    return int(TABLES[type(named)]._meta.get_field("text").max_length)


# ── add ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def add_name(*, named: Named, name: NewName, speaker: Speaker) -> AnyName:
    """Add one name. What the society says is confirmed with that.

    Raises NameIsBlank, NameIsTooLong, NameStands, NameWasTakenAway.
    """
    text = tidy_name(name.text, longest_name(named))
    added = add_names(names=[(named, name)], speaker=speaker)
    if added:
        return added[0]
    if TABLES[type(named)].objects.standing().filter(**{_subject(named): named, "text": text}).exists():
        raise NameStands(name=text)
    raise NameWasTakenAway(name=text)


@transaction.atomic
def add_names(*, names: Sequence[tuple[Named, NewName]], speaker: Speaker) -> list[AnyName]:
    """Add names to works, parties and recordings; returns those that were new, in no order.

    A name that stands already is left as it is, and so is one that the society took away after a dispute, unless the
    society itself says it again. A constant number of statements for each of the three tables.
    """
    added: list[AnyName] = []
    for model, table in TABLES.items():
        of_model = [(named, name) for named, name in names if isinstance(named, model)]
        if of_model:
            added += _add_to(table, of_model, speaker)
    if added:
        _add_keys(added)
        _log("name.added", added, speaker.user, {"source": speaker.source})
    return added


def _add_to(table: type[Any], names: Sequence[tuple[Any, NewName]], speaker: Speaker) -> list[Any]:
    subject = table.subject_field
    ids = sorted({named.pk for named, _ in names})
    _lock(table, ids)
    earlier = table.objects.filter(**{f"{subject}__in": ids})
    standing = set(earlier.standing().values_list(f"{subject}_id", "text"))
    taken_away = set(earlier.filter(disputes__outcome=OUTCOMES.ENDED).values_list(f"{subject}_id", "text"))
    refused = standing if speaker.source == NameSource.STAFF else standing | taken_away
    now = timezone.now()
    staff = speaker.source == NameSource.STAFF
    most = int(table._meta.get_field("text").max_length)
    rows: dict[tuple[int, str], Any] = {}
    for named, name in names:
        text = tidy_name(name.text, most)
        if (named.pk, text) in refused:
            continue
        row = table(
            **{subject: named}, text=text, script=name.script or detect_script(text), language=name.language,
            kind=table.KIND_CODES.get(name.kind, name.kind), source=speaker.source, said_by=speaker.user,
            said_for=speaker.organisation, said_at=now, note=name.note[:300], file=speaker.file,
            confirmed_at=now if staff else None, confirmed_by=speaker.user if staff else None,
        )  # fmt: skip
        rows.setdefault((named.pk, text), row)
    made: list[Any] = table.objects.bulk_create(list(rows.values()), batch_size=5000)
    return made


# ── dispute and settle ──────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def dispute_name(*, name: AnyName, reason: str, speaker: Speaker) -> NameDispute:
    """Say that a name is not one of these. It stays, and is matched by, until staff decide, who are told.

    Raises ReasonIsMissing, NameHasEnded, NameIsDisputed.
    """
    reason = _required(reason)
    shown = _lock_name(name)
    if NameDispute.objects.open().of(shown).exists():
        raise NameIsDisputed(name=shown.text)
    if speaker.user is None:
        raise TypeError("a dispute is opened by a person")
    dispute = NameDispute.objects.create(
        **{shown.dispute_field: shown}, reason=reason, opened_by=speaker.user, opened_for=speaker.organisation
    )
    _log("name.disputed", [shown], speaker.user, {}, reason)
    people = [*society_staff(), *([shown.said_by] if shown.said_by else [])]
    told = [person for person in people if person != speaker.user]
    notify(users=told, sentence=DISPUTED, params={"name": shown.text, "reason": reason}, url=_url(shown))
    return dispute


@transaction.atomic
def settle_dispute(*, name: AnyName, keep: bool, reason: str, actor: User) -> AnyName:
    """Keep a disputed name, which confirms it, or take it away; both sides are told why.

    Raises ReasonIsMissing, NameIsNotDisputed, SettlerTookPart, NameIsItsOwn.
    """
    reason = _required(reason)
    shown = _lock_name(name, must_stand=False)
    dispute = NameDispute.objects.open().of(shown).select_for_update(of=("self",)).first()
    if dispute is None:
        raise NameIsNotDisputed(name=shown.text)
    if actor.pk in {dispute.opened_by_id, shown.said_by_id}:
        raise SettlerTookPart
    if keep:
        _confirm(shown, actor)
    else:
        _end(shown, actor, reason)
    _settle(dispute, OUTCOMES.KEPT if keep else OUTCOMES.ENDED, actor, reason)
    _log("name.kept" if keep else "name.taken_away", [shown], actor, {}, reason)
    people = [dispute.opened_by, *([shown.said_by] if shown.said_by else [])]
    notify(
        users=people,
        sentence=KEPT if keep else TAKEN_AWAY,
        params={"name": shown.text, "reason": reason},
        url=_url(shown),
    )
    return shown


@transaction.atomic
def withdraw_name(*, name: AnyName, reason: str, actor: User) -> AnyName:
    """Take back a name one has said; who that is, access.py knows. An open dispute about it ends with it.

    Raises ReasonIsMissing, NameHasEnded, NameIsItsOwn.
    """
    reason = _required(reason)
    shown = _lock_name(name)
    _end(shown, actor, reason)
    dispute = NameDispute.objects.open().of(shown).select_for_update(of=("self",)).first()
    if dispute is not None:
        _settle(dispute, OUTCOMES.WITHDRAWN, actor, reason)
    _log("name.withdrawn", [shown], actor, {}, reason)
    return shown


# ── the steps ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _subject(named: Named) -> str:
    return str(TABLES[type(named)].subject_field)


def _required(reason: str) -> str:
    tidied = " ".join(reason.split())[:300]
    if not tidied:
        raise ReasonIsMissing
    return tidied


def _lock(table: type[Any], ids: Sequence[int]) -> None:
    """Whoever changes names of the same work, party or recording waits; in one order, so that nobody waits in a circle."""
    subjects = table._meta.get_field(table.subject_field).related_model._default_manager
    list(subjects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))


def _lock_name(name: AnyName, *, must_stand: bool = True) -> AnyName:
    """The name as it is now, and nobody else's to change until this is done. Raises NameHasEnded."""
    table = type(name)
    _lock(table, [getattr(name, f"{table.subject_field}_id")])
    shown: AnyName = table.objects.select_related(table.subject_field, "said_by").get(pk=name.pk)
    if must_stand and shown.ended_at is not None:
        raise NameHasEnded(name=shown.text)
    return shown


def _confirm(name: AnyName, actor: User) -> None:
    if name.confirmed_at is None:
        name.confirmed_at, name.confirmed_by = timezone.now(), actor
        name.save(update_fields=["confirmed_at", "confirmed_by"])


def _end(name: AnyName, actor: User, reason: str) -> None:
    goes_by = {"work": "title", "party": "name", "recording": "title"}[name.subject_field]
    if name.text == getattr(name.named, goes_by):
        raise NameIsItsOwn(name=name.text)
    name.ended_at, name.ended_by, name.end_reason = timezone.now(), actor, reason
    name.save(update_fields=["ended_at", "ended_by", "end_reason"])
    if isinstance(name, PartyName):
        refresh_party_keys([name.party_id])
    else:
        refresh_title_keys(works_of_name(name))


def _settle(dispute: NameDispute, outcome: str, actor: User, reason: str) -> None:
    dispute.outcome, dispute.settled_at, dispute.settled_by = outcome, timezone.now(), actor
    dispute.settle_reason = reason
    dispute.save(update_fields=["outcome", "settled_at", "settled_by", "settle_reason"])


def works_of_name(name: AnyName) -> list[int]:
    """The works whose history and keys a name belongs to: none for a party's."""
    if isinstance(name, WorkTitle):
        return [name.work_id]
    if isinstance(name, RecordingTitle):
        parts = RecordingWork.objects.filter(recording=name.recording_id)
        return list(parts.order_by("work_id").values_list("work_id", flat=True))
    return []


def _add_keys(added: Sequence[AnyName]) -> None:
    add_party_keys([(name.party_id, name.text) for name in added if isinstance(name, PartyName)])
    titles = [(name.work_id, name.text) for name in added if isinstance(name, WorkTitle)]
    texts: dict[int, list[str]] = defaultdict(list)
    for name in added:
        if isinstance(name, RecordingTitle):
            texts[name.recording_id].append(name.text)
    wholes = RecordingWork.objects.filter(recording__in=texts, numerator=1, denominator=1)
    for recording_id, work_id in wholes.values_list("recording_id", "work_id"):
        titles += [(work_id, text) for text in texts[recording_id]]
    add_title_keys(titles)


def _log(action: str, names: Sequence[AnyName], actor: User | None, data: dict[str, str], reason: str = "") -> None:
    """One row of history for each work and party."""
    works: dict[int, list[str]] = defaultdict(list)
    parties: dict[int, list[str]] = defaultdict(list)
    recordings: dict[int, list[str]] = defaultdict(list)
    for name in names:
        if isinstance(name, WorkTitle):
            works[name.work_id].append(name.text)
        elif isinstance(name, PartyName):
            parties[name.party_id].append(name.text)
        else:
            recordings[name.recording_id].append(name.text)
    parts = RecordingWork.objects.filter(recording__in=recordings)
    for recording_id, work_id in parts.values_list("recording_id", "work_id"):
        works[work_id] += recordings[recording_id]
    about: list[dict[str, Any]] = [{"work_id": pk, "texts": texts} for pk, texts in works.items()]
    about += [{"party_id": pk, "texts": texts} for pk, texts in parties.items()]
    rows = [
        ChangeLog(action=action, actor=actor, reason=reason, data={**data, "titles": each.pop("texts")}, **each)
        for each in about
    ]
    ChangeLog.objects.bulk_create(rows, batch_size=5000)


def _url(name: AnyName) -> str:
    return reverse("works:name", args=[name.number])
