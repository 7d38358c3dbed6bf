"""People declare what words and music cost in karaoke; the reports that waited for it are looked at again."""

from __future__ import annotations

import datetime as dt
import logging
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.lib.errors import DomainError
from royalties.ledger import lock_payees
from royalties.models import Earning, KaraokePrice, Report, Source
from royalties.money_in import attach_waiting
from royalties.services import NoReason, apply_basis

log = logging.getLogger(__name__)

PLACES: Final = 10  # decimals that a price may have
LARGEST_PRICE: Final = Decimal(1_000_000)


class NotAPrice(DomainError):
    code = "not-a-price"
    sentence = _("%(price)s is not a price of one use.")
    remedy = _("It must be more than 0 and less than %(largest)s, with at most %(places)s decimals.")


class PriceAlreadyDeclared(DomainError):
    code = "price-already-declared"
    status = 409
    sentence = _("From %(month)s on, the price %(price)s has already been declared for %(source)s.")
    remedy = _("Choose another month from which the new price holds.")


class PriceAlreadyUsed(DomainError):
    code = "price-already-used"
    status = 409
    sentence = _(
        "Karaoke money of %(source)s has already been distributed for uses up to %(last)s, so no other price can hold from %(month)s on."
    )
    remedy = _("Choose a month after %(last)s.")


@transaction.atomic
def declare_price(
    *,
    source: Source,
    from_date: dt.date,
    words_price: Decimal,
    music_price: Decimal,
    note: str,
    actor: User | None,
) -> KaraokePrice:
    """Say what one use of the words and one of the music cost by contract, from a month of use on.

    The same price again changes nothing. Reports that are held without one are looked at again. Raises NoReason without a
    paper, NotAPrice, PriceAlreadyDeclared for another one of the same month, and PriceAlreadyUsed where money it would have
    cut has gone its way.
    """
    from_date = from_date.replace(day=1)
    if not note.strip():
        raise NoReason
    for price in (words_price, music_price):
        if not 0 < price < LARGEST_PRICE or price != round(price, PLACES):
            raise NotAPrice(price=price, largest=LARGEST_PRICE, places=PLACES)
    lock_payees()  # a distribution under way has already read by what it cuts
    Source.objects.select_for_update(no_key=True).get(pk=source.pk)
    there = KaraokePrice.objects.filter(source=source, from_date=from_date).first()
    if there is not None:
        if (there.words_price, there.music_price) == (words_price, music_price):
            return there
        standing = f"{there.words_price.normalize():f} : {there.music_price.normalize():f}"
        raise PriceAlreadyDeclared(month=f"{from_date:%Y-%m}", price=standing, source=source.name)
    cut = Earning.objects.filter(song_usage__report__source=source, song_usage__words_uses__isnull=False)
    last = cut.filter(song_usage__usage_month__gte=from_date).aggregate(month=Max("song_usage__usage_month"))["month"]
    if last is not None:
        raise PriceAlreadyUsed(source=source.name, last=f"{last:%Y-%m}", month=f"{from_date:%Y-%m}")
    declared = KaraokePrice.objects.create(
        source=source,
        from_date=from_date,
        words_price=words_price,
        music_price=music_price,
        note=note.strip(),
        declared_by=actor,
    )
    log.info("%s declared by %s", declared, actor.pk if actor else "nobody signed in")
    waiting = Report.objects.filter(source=source, held_reason=Report.HeldReason.NO_PRICE)
    for report in waiting.select_for_update(no_key=True).order_by("pk"):
        apply_basis(report)
    attach_waiting()
    return declared
