"""Names that a confirmed line teaches: how a service writes a work's title, or the one artist who performs it."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.models import User
from works.models import Party, PartyName, Work, WorkTitle
from works.names.performers import parse_performers
from works.names.titles import parse_title
from works.naming import AnyName, NewName, Speaker, add_names, longest_name, withdraw_name
from works.provenance import NameKind, NameSource


def titles_in(text: str) -> tuple[str, ...]:
    """The names of the song in a reported title, without remarks on its version; () for a medley, whose parts are others'."""
    title = parse_title(text)
    return () if "medley" in title.versions else tuple(dict.fromkeys((title.main, *title.aliases)))


def names_in(text: str) -> tuple[str, ...]:
    """The names of the artist of a reported line; () unless it is one artist alone."""
    performers = parse_performers(text)
    return (performers[0].name, *performers[0].aliases) if len(performers) == 1 else ()


def only_performer_of(work: Work) -> Party | None:
    """Whom a reported artist must be: the performer, if the register knows exactly one."""
    parties = list(Party.objects.filter(performed_works__work=work)[:2])
    return parties[0] if len(parties) == 1 else None


def learn(named: Work | Party, texts: Iterable[str], *, actor: User | None) -> set[str]:
    """Add names as the service writes them, confirmed by the person who decided; returns those that were new."""
    most = longest_name(named)
    names = [(named, NewName(text=text, kind=NameKind.SERVICE)) for text in texts if 0 < len(text) <= most]
    added = add_names(names=names, speaker=Speaker(source=NameSource.SERVICE, user=actor))
    for table in (WorkTitle, PartyName):
        rows = table.objects.filter(pk__in=[name.pk for name in added if isinstance(name, table)])
        rows.update(confirmed_at=timezone.now(), confirmed_by=actor)
    return {name.text for name in added}


def forget(named: Work | Party, texts: Iterable[str], *, actor: User) -> None:
    """End names that were learnt and still stand."""
    standing: Iterable[AnyName] = (
        WorkTitle.objects.standing().filter(work=named, text__in=texts, source=NameSource.SERVICE)
        if isinstance(named, Work)
        else PartyName.objects.standing().filter(party=named, text__in=texts, source=NameSource.SERVICE)
    )
    for name in list(standing):
        withdraw_name(name=name, reason=_("The decision that taught this name was taken back."), actor=actor)
