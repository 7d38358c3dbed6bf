"""Questions about many rows. `visible_to` is the only way from a person to rows: whoever may see a work sees its history.

The society's staff and auditors see everything; a publisher what it registered and what its own parties share in; a
songwriter, and a delegate who acts for her, the works she has or ever had a share in; everybody else nothing.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from portal.accounts.access import Reader, organisation_ids, sees_everything
from portal.accounts.models import PUBLISHER_ROLES, WRITER_ROLES, Role
from works.names.keys import title_keys
from works.search import rows_with, ways_to_write

if TYPE_CHECKING:
    from works import models


NAMERS = (Role.PUBLISHER_SUPER, Role.PUBLISHER_COPYRIGHT, *WRITER_ROLES)
NAMES = {"party_name": "PartyName", "work_title": "WorkTitle", "recording_title": "RecordingTitle"}


def _rows(model: str) -> Any:
    """The rows of another table of this room, whose module imports this one."""
    return apps.get_model("works", model)._default_manager.all()


class WorkQuerySet(QuerySet["models.Work"]):
    def visible_to(self, user: Reader) -> Self:
        if sees_everything(user):
            return self
        publishers = organisation_ids(user, *PUBLISHER_ROLES)
        owners = [*publishers, *organisation_ids(user, *WRITER_ROLES)]
        if not owners:
            return self.none()
        shares = _rows("Share").filter(work=OuterRef("pk"), party__organisation__in=owners)
        return self.filter(Q(registered_by__in=publishers) | Exists(shares))

    def standing(self) -> Self:
        """But those that turned out to be another one."""
        return self.filter(merged_into__isnull=True)

    def of_party(self, party: models.Party) -> Self:
        """That the party performs or has, or had, a share in."""
        performed = _rows("WorkPerformer").filter(work=OuterRef("pk"), party=party)
        shared = _rows("Share").standing().filter(work=OuterRef("pk"), party=party)
        return self.standing().filter(Exists(performed) | Exists(shared))

    def search(self, text: str) -> Self:
        """By an identifier, by a title in whatever script (its exact keys), or by a piece of any title (works.search).

        A work that was merged into another one is found by its own numbers alone.
        The ways are united before the works are read, so each uses its index however many works there are.
        """
        wanted = " ".join(text.replace("\0", " ").split())  # PostgreSQL takes no NUL
        if not wanted:
            return self
        squeezed = "".join(letter for letter in wanted.upper() if letter.isalnum())
        keys = [key.key for way in ways_to_write(wanted) for key in title_keys(way)]
        by_number = _rows("Work").filter(Q(iswc=squeezed) | Q(ref=wanted.upper()) | Q(submitter_ref=wanted))
        titles = rows_with("works_worktitle", "id", "text", wanted)
        found = by_number.values("pk").union(
            _rows("WorkKey").filter(key__in=keys).values("work_id"),
            _rows("WorkTitle").standing().filter(pk__in=titles, work__merged_into__isnull=True).values("work_id"),
            _rows("RecordingWork").filter(recording__isrc=squeezed).values("work_id"),
        )
        return self.filter(pk__in=found)


class UndoneQuerySet(QuerySet[Any]):
    """What staff said of two works, and may take back."""

    def standing(self) -> Self:
        return self.filter(undone_at__isnull=True)


class PartyQuerySet(QuerySet["models.Party"]):
    def visible_to(self, user: Reader) -> Self:
        """One's own parties, and those that share in a visible work or perform it."""
        if sees_everything(user):
            return self
        works = _rows("Work").visible_to(user)
        shares = _rows("Share").filter(party=OuterRef("pk"), work__in=works)
        performed = _rows("WorkPerformer").filter(party=OuterRef("pk"), work__in=works)
        own = Q(organisation__in=organisation_ids(user, *PUBLISHER_ROLES, *WRITER_ROLES))
        return self.filter(own | Exists(shares) | Exists(performed))


class NameDisputeQuerySet(QuerySet["models.NameDispute"]):
    def open(self) -> Self:
        return self.filter(settled_at__isnull=True)

    def of(self, name: Any) -> Self:
        """About this name."""
        return self.filter(**{name.dispute_field: name})

    def visible_to(self, user: Reader) -> Self:
        """Whoever sees the name."""
        if sees_everything(user):
            return self
        names = {field: _rows(model).visible_to(user) for field, model in NAMES.items()}
        return self.filter(
            Q(party_name__in=names["party_name"])
            | Q(work_title__in=names["work_title"])
            | Q(recording_title__in=names["recording_title"])
        )


class ShareQuerySet(QuerySet["models.Share"]):
    def in_force(self, on_date: dt.date) -> Self:
        """The shares of a merged work are not: they rest as they were, for the day on which the merge is undone."""
        shares = self.filter(from_date__lte=on_date, work__merged_into__isnull=True)
        return shares.filter(Q(until_date__isnull=True) | Q(until_date__gt=on_date))

    def standing(self) -> Self:
        """In force on some day: a share replaced on the day it began never was."""
        return self.filter(Q(until_date__isnull=True) | Q(until_date__gt=F("from_date")))

    def visible_to(self, user: Reader) -> Self:
        if sees_everything(user):
            return self
        return self.filter(work__in=_rows("Work").visible_to(user))


class ChangeLogQuerySet(QuerySet["models.ChangeLog"]):
    def visible_to(self, user: Reader) -> Self:
        """Whoever sees a work or a party sees its history."""
        if sees_everything(user):
            return self
        works = _rows("Work").visible_to(user)
        return self.filter(Q(work__in=works) | Q(party__in=_rows("Party").visible_to(user)))


class ShareConflictQuerySet(QuerySet["models.ShareConflict"]):
    def visible_to(self, user: Reader) -> Self:
        if sees_everything(user):
            return self
        return self.filter(work__in=_rows("Work").visible_to(user))


class CatalogueUploadQuerySet(QuerySet["models.CatalogueUpload"]):
    def visible_to(self, user: Reader) -> Self:
        """A publisher's people see its uploads in every role; other publishers do not."""
        if sees_everything(user):
            return self
        return self.filter(organisation__in=organisation_ids(user, *PUBLISHER_ROLES))


class NamesUploadQuerySet(QuerySet["models.NamesUpload"]):
    def visible_to(self, user: Reader) -> Self:
        """Whoever may send names for the same organisation sees what became of its files."""
        if sees_everything(user):
            return self
        return self.filter(organisation__in=organisation_ids(user, *NAMERS))
