"""The history of a work in words."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ACTIONS: Final[dict[str, Promise]] = {
    "work.registered": _("The work was registered"),
    "work.extended": _("Something was added to the work"),
    "share.replaced": _("A share ended and was followed by others"),
    "name.added": _("A name was added"),
    "name.disputed": _("A name was disputed"),
    "name.kept": _("A disputed name stays"),
    "name.taken_away": _("A disputed name was taken away"),
    "name.withdrawn": _("A name was withdrawn by whoever had said it"),
    "work.merged": _("Two works were found to be one"),
    "work.parted": _("Two works that had been merged are two again"),
    "work.told_apart": _("Two works that look alike were found not to be the same"),
    "work.difference_undone": _("It was taken back that two works are not the same"),
    "share.conflict": _("A claim did not fit beside the registered shares; nothing changed"),
}
