"""The only doors from a request to a work, a party, a name or an upload. What is not yours does not exist: 404."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.access import Reader, is_staff, may_claim, organisation_ids
from portal.accounts.models import PUBLISHER_ROLES, WRITER_ROLES, Organisation, Role, User
from portal.lib.errors import DomainError
from works.models import CatalogueUpload, NamesUpload, Party, Recording, RecordingWork, Share, Work, WorkPerformer
from works.naming import TABLES, AnyName, Speaker
from works.provenance import NameSource

UPLOADERS: Final = (Role.PUBLISHER_SUPER, Role.PUBLISHER_COPYRIGHT)
SOCIETY: Final = (Role.STAFF, Role.AUDITOR)
CATALOGUE_READERS: Final = (*PUBLISHER_ROLES, *SOCIETY)
WORK_READERS: Final = (*CATALOGUE_READERS, *WRITER_ROLES)
NAMERS: Final = (Role.STAFF, *UPLOADERS, *WRITER_ROLES)  # who adds names, to what works_to_name and parties_to_name say
SAYERS: Final = ("said_by", "said_for", "confirmed_by", "ended_by", "file")
LONGEST_NUMBER: Final = 18


class PublisherNotNamed(DomainError):
    code = "publisher-not-named"
    sentence = _("You act for several publishers, and the catalogue does not say for which it is.")
    remedy = _("Name one of these as organisation: %(refs)s.")


def get_work(user: Reader, ref: str) -> Work:
    """A work the user may see, with its titles, recordings and history within reach."""
    return get_object_or_404(Work.objects.visible_to(user).select_related("registered_by", "merged_into"), ref=ref)


def get_upload(user: Reader, ref: str) -> CatalogueUpload:
    uploads = CatalogueUpload.objects.visible_to(user).select_related("organisation", "file", "uploaded_by")
    return get_object_or_404(uploads, ref=ref)


def get_names_upload(user: Reader, ref: str) -> NamesUpload:
    uploads = NamesUpload.objects.visible_to(user).select_related("organisation", "file", "uploaded_by")
    return get_object_or_404(uploads, ref=ref)


def organisations_to_upload_for(user: Reader) -> list[Organisation]:
    """The publishers whose catalogue the user may send; none for finance, staff and auditors."""
    return list(Organisation.objects.filter(pk__in=organisation_ids(user, *UPLOADERS)).order_by("name", "pk"))


def get_organisation_to_upload_for(user: Reader, ref: str | None) -> Organisation:
    """The publisher of this ref, or without one the only one there is. Raises PublisherNotNamed."""
    organisations = organisations_to_upload_for(user)
    if ref is not None:
        organisations = [organisation for organisation in organisations if organisation.ref == ref]
    if not organisations:
        raise Http404
    if len(organisations) > 1:
        raise PublisherNotNamed(refs=", ".join(organisation.ref for organisation in organisations))
    return organisations[0]


# ── names ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def works_to_name(user: Reader) -> QuerySet[Work]:
    """Works whose names, and whose recordings' and performers' names, the user may add to.

    The society's are all; a publisher's those it registered or has a share in today, in the roles that may send catalogues;
    a member's, and a delegate's, those she has a share in today.
    """
    if is_staff(user):
        return Work.objects.standing()
    publishers = organisation_ids(user, *UPLOADERS)
    owners = [*publishers, *organisation_ids(user, *WRITER_ROLES)]
    if not owners:
        return Work.objects.none()
    shares = Share.objects.in_force(timezone.localdate()).filter(work=OuterRef("pk"), party__organisation__in=owners)
    return Work.objects.standing().filter(Q(registered_by__in=publishers) | Exists(shares))


def parties_to_name(user: Reader) -> QuerySet[Party]:
    """Parties whose names the user may add to: her own, and the performers of works she may name. The society: all."""
    if is_staff(user):
        return Party.objects.all()
    owners = organisation_ids(user, *UPLOADERS, *WRITER_ROLES)
    performed = WorkPerformer.objects.filter(party=OuterRef("pk"), work__in=works_to_name(user))
    return Party.objects.filter(Q(organisation__in=owners) | Q(Exists(performed), kind=Party.Kind.PERFORMER))


def recordings_to_name(user: Reader) -> QuerySet[Recording]:
    parts = RecordingWork.objects.filter(recording=OuterRef("pk"), work__in=works_to_name(user))
    return Recording.objects.filter(Exists(parts))


def may_name(user: Reader, named: Work | Party | Recording) -> bool:
    allowed: QuerySet[Any]
    if isinstance(named, Work):
        allowed = works_to_name(user)
    elif isinstance(named, Party):
        allowed = parties_to_name(user)
    else:
        allowed = recordings_to_name(user)
    return allowed.filter(pk=named.pk).exists()


def speaker_of(user: User) -> Speaker:
    """As whom the user says names: staff for the society, else the publisher or the desk she acts for."""
    for source, roles in (
        (NameSource.STAFF, (Role.STAFF,)),
        (NameSource.PUBLISHER, UPLOADERS),
        (NameSource.MEMBER, tuple(WRITER_ROLES)),
    ):
        organisation = Organisation.objects.filter(pk__in=organisation_ids(user, *roles)).order_by("pk").first()
        if organisation is not None:
            return Speaker(source=source, user=user, organisation=organisation)
    raise Http404


def may_dispute(user: Reader) -> bool:
    """Staff, and whoever files and answers for a rights-holder, about every name she sees."""
    return is_staff(user) or may_claim(user)


def may_withdraw(user: Reader, name: AnyName) -> bool:
    """Whoever said it, anybody who may speak for the same organisation, and staff."""
    speaks_for = organisation_ids(user, *UPLOADERS, *WRITER_ROLES)
    return is_staff(user) or (name.said_for_id is not None and name.said_for_id in speaks_for)


def get_party(user: Reader, ref: str) -> Party:
    """A party the user may see."""
    return get_object_or_404(Party.objects.visible_to(user).select_related("organisation"), ref=ref)


def get_name(user: Reader, number: str) -> AnyName:
    """A name of something the user may see, standing or ended, with its `state`; by its number, such as T12."""
    table, pk = _place_of(number)
    if table is None:
        raise Http404
    names = table.objects.visible_to(user).with_state()
    name: AnyName = get_object_or_404(names.select_related(table.subject_field, *SAYERS), pk=pk)
    return name


def names_numbered(user: Reader, numbers: Sequence[str]) -> list[AnyName]:
    """Those names of these numbers that the user may see, each with what it names. At most three statements."""
    wanted: dict[type[Any], set[int]] = {}
    for number in numbers:
        table, pk = _place_of(number)
        if table is not None:
            wanted.setdefault(table, set()).add(pk)
    found: list[AnyName] = []
    for table, ids in wanted.items():
        found += table.objects.visible_to(user).filter(pk__in=ids).select_related(table.subject_field)
    return found


def _place_of(number: str) -> tuple[type[Any] | None, int]:
    """The table and row of a name's number; no table for what is no number."""
    table = {model.LETTER: model for model in TABLES.values()}.get(number[:1])
    if table is None or not number[1:].isascii() or not number[1:].isdigit() or len(number) > LONGEST_NUMBER:
        return None, 0
    return table, int(number[1:])
