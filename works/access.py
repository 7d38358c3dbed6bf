"""The only doors from a request to a work or an upload. What is not yours does not exist: 404."""

from __future__ import annotations

from typing import Final

from django.shortcuts import get_object_or_404

from portal.accounts.access import Reader, organisation_ids
from portal.accounts.models import PUBLISHER_ROLES, WRITER_ROLES, Organisation, Role
from works.models import CatalogueUpload, Work

UPLOADERS: Final = (Role.PUBLISHER_SUPER, Role.PUBLISHER_COPYRIGHT)
SOCIETY: Final = (Role.STAFF, Role.AUDITOR)
CATALOGUE_READERS: Final = (*PUBLISHER_ROLES, *SOCIETY)
WORK_READERS: Final = (*CATALOGUE_READERS, *WRITER_ROLES)


def get_work(user: Reader, ref: str) -> Work:
    """A work the user may see, with its titles, recordings and history within reach."""
    return get_object_or_404(Work.objects.visible_to(user).select_related("registered_by"), ref=ref)


def get_upload(user: Reader, ref: str) -> CatalogueUpload:
    uploads = CatalogueUpload.objects.visible_to(user).select_related("organisation", "file", "uploaded_by")
    return get_object_or_404(uploads, ref=ref)


def organisations_to_upload_for(user: Reader) -> list[Organisation]:
    """The publishers whose catalogue the user may send; none for finance, staff and auditors."""
    return list(Organisation.objects.filter(pk__in=organisation_ids(user, *UPLOADERS)).order_by("name", "pk"))
