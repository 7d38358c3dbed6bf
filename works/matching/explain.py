"""The matcher's evidence in words, one sentence a fact, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.utils.translation import gettext as _, gettext_lazy, ngettext

TITLE: Final = {
    "same": gettext_lazy("The titles are the same: “%(reported)s” and “%(registered)s”."),
    "simplified": gettext_lazy(
        "The titles are the same in Traditional or Simplified Chinese: “%(reported)s” and “%(registered)s”."
    ),
    "bracket": gettext_lazy("“%(reported)s” and the registered title “%(registered)s” share the part “%(part)s”."),
    "reading": gettext_lazy("“%(reported)s” and the registered title “%(registered)s” are read alike in Hangul."),
    "romanised": gettext_lazy(
        "“%(reported)s” writes the registered title “%(registered)s” in other letters, as it sounds."
    ),
    "loan": gettext_lazy(
        "“%(reported)s” and the registered title “%(registered)s” sound alike: a foreign word in Hangul."
    ),
    "spelling": gettext_lazy("“%(reported)s” and the registered title “%(registered)s” differ in a few letters."),
    "contained": gettext_lazy(
        "One of “%(reported)s” and the registered title “%(registered)s” stands within the other."
    ),
}
PERFORMER: Final = {
    "same": gettext_lazy("The performers are the same: “%(reported)s” and “%(registered)s”."),
    "simplified": gettext_lazy(
        "The performers are the same in Traditional or Simplified Chinese: “%(reported)s” and “%(registered)s”."
    ),
    "bracket": gettext_lazy("“%(reported)s” and the registered performer “%(registered)s” share the name “%(part)s”."),
    "joined": gettext_lazy("“%(part)s” is one of the performers of “%(reported)s” and of “%(registered)s”."),
    "reading": gettext_lazy("“%(reported)s” and the registered performer “%(registered)s” are read alike in Hangul."),
    "romanised": gettext_lazy(
        "“%(reported)s” writes the registered performer “%(registered)s” in other letters, as it sounds."
    ),
    "loan": gettext_lazy(
        "“%(reported)s” and the registered performer “%(registered)s” sound alike: a foreign word in Hangul."
    ),
    "spelling": gettext_lazy("“%(reported)s” and the registered performer “%(registered)s” differ in a few letters."),
    "contained": gettext_lazy(
        "One of “%(reported)s” and the registered performer “%(registered)s” stands within the other."
    ),
}


def _versions(tags: Sequence[str]) -> list[str]:
    """Why the song may be another work than the one it is called like (works.names.versions)."""
    said = []
    if any(tag.startswith("language:") for tag in tags):
        said.append(_("One of the two is a version in another language, so its words may be another work."))
    if "adaptation" in tags:
        said.append(_("One of the two is an adaptation or has new words, so it may be another work."))
    if "medley" in tags:
        said.append(_("One of the two is a medley of several works."))
    return said or ([_("The report calls it a version that may be a work of its own.")] if tags else [])


def explain(evidence: Mapping[str, Any]) -> list[str]:
    """What speaks for and against a candidate. A fact without words here (of an older matcher) is left out."""
    said = []
    if identifier := evidence.get("identifier"):
        names = {"isrc": "ISRC", "iswc": "ISWC"}
        said.append(
            _("The %(kind)s %(value)s stands in the register.") % {**identifier, "kind": names[identifier["kind"]]}
        )
    if evidence.get("identifier_disagrees"):
        said.append(_("But title and performer agree with another work than this number."))
    if (title := evidence.get("title")) and title["why"] in TITLE:
        said.append(str(TITLE[title["why"]]) % title)
    if evidence.get("title_differs"):
        said.append(_("The titles share no letters that tell."))
    if (percent := evidence.get("meaning_percent")) is not None:
        said.append(_("By meaning, the closest title of the work agrees to %(percent)s of 100.") % {"percent": percent})
    if (performer := evidence.get("performer")) and performer["why"] in PERFORMER:
        said.append(str(PERFORMER[performer["why"]]) % performer)
    if evidence.get("performer_unknown"):
        said.append(_("The register knows no performer of this work."))
    if evidence.get("performer_differs"):
        said.append(_("The register knows this work by other performers."))
    if also_called := evidence.get("also_called"):
        said.append(
            _("“%(title)s”, reported too, surely is this work and bears the name of this song.")
            % {"title": also_called}
        )
    if sung_with := evidence.get("sung_with"):
        said.append(_("“%(title)s”, reported too by the same artists, may be this work.") % {"title": sung_with})
    if album := evidence.get("album"):
        said.append(_("The album is the same: “%(reported)s” and “%(registered)s”.") % album)
    if duration := evidence.get("duration"):
        said.append(_("Both last equally long: %(reported)s and %(registered)s.") % duration)
    if writer := evidence.get("writer"):
        said.append(_("The reported artist is called like the writer “%(registered)s”.") % writer)
    if ipis := evidence.get("ipis"):
        said.append(_("The report names a writer of this work by IPI: %(ipis)s.") % {"ipis": ", ".join(ipis)})
    said += _versions(evidence.get("versions", ()))
    if rivals := evidence.get("rivals"):
        said.append(
            ngettext("%(count)s other work fits as well.", "%(count)s other works fit as well.", rivals)
            % {"count": rivals}
        )
    return said
