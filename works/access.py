"""The only doors from a request to a work or an upload. What is not yours does not exist: 404."""

from __future__ import annotations

from typing import Final

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from portal.accounts.access import Reader, organisation_ids
from portal.accounts.models import PUBLISHER_ROLES, WRITER_ROLES, Organisation, Role
from portal.lib.errors import DomainError
from works.models import CatalogueUpload, Work

UPLOADERS: Final = (Role.PUBLISHER_SUPER, Role.PUBLISHER_COPYRIGHT)
SOCIETY: Final = (Role.STAFF, Role.AUDITOR)
CATALOGUE_READERS: Final = (*PUBLISHER_ROLES, *SOCIETY)
WORK_READERS: Final = (*CATALOGUE_READERS, *WRITER_ROLES)


class PublisherNotNamed(DomainError):
    code = "publisher-not-named"
    sentence = _("You act for several publishers, and the catalogue does not say for which it is.")
    remedy = _("Name one of these as organisation: %(refs)s.")


def get_work(user: Reader, ref: str) -> Work:
    """A work the user may see, with its titles, recordings and history within reach."""
    return get_object_or_404(Work.objects.visible_to(user).select_related("registered_by"), ref=ref)


def get_upload(user: Reader, ref: str) -> CatalogueUpload:
    uploads = CatalogueUpload.objects.visible_to(user).select_related("organisation", "file", "uploaded_by")
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
