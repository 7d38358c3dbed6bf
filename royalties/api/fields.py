"""Fields and small shapes that several endpoints of royalties have in common."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.accounts.models import Role, User
from portal.lib.keyset import whole
from portal.rest.fields import Input, Text
from portal.rest.scopes import Needs, Scope
from royalties import access
from royalties.ledger import WON
from royalties.models import Service, Source
from royalties.reports.base import SourceIsUnknown

MONTH: Final = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
RATE: Final = re.compile(r"[0-9]{1,10}(\.[0-9]{1,10})?")
NEWEST_FIRST: Final = (whole("id", descending=True),)

SOCIETY: Final = Needs(Scope.ROYALTIES_READ, access.SOCIETY)
STAFF: Final = Needs(Scope.ROYALTIES_WRITE, (Role.STAFF,))
HOLDERS: Final = Needs(Scope.ROYALTIES_READ, (*access.RIGHTS_HOLDERS, *access.SOCIETY))
PAID: Final = Needs(Scope.ROYALTIES_READ, access.PAID)


@extend_schema_field({"type": "string", "pattern": f"^{MONTH.pattern}$", "examples": ["2026-09"]})
class Month(serializers.Field[dt.date, Any, str, Any]):
    """A month as 2026-09, kept as its first day."""

    default_error_messages = {"invalid": _("Write the month as year and month, for example 2026-09.")}

    def to_internal_value(self, data: Any) -> dt.date:
        found = MONTH.fullmatch(data) if isinstance(data, str) else None
        if found is None:
            self.fail("invalid")
        return dt.date(int(found[1]), int(found[2]), 1)

    def to_representation(self, value: dt.date) -> str:
        return f"{value:%Y-%m}"


@extend_schema_field({"type": "string", "pattern": f"^{RATE.pattern}$", "examples": ["192.05"]})
class Rate(serializers.Field[Decimal, Any, str, Any]):
    """An exact decimal as text, "192.05": a number of JSON would be rounded by many readers."""

    default_error_messages = {
        "invalid": _("Write the rate as text in digits, with at most ten decimals, for example “192.05”.")
    }

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str) or not RATE.fullmatch(data):
            self.fail("invalid")
        return Decimal(data)

    def to_representation(self, value: Decimal) -> str:
        return f"{value.normalize():f}"


class ServiceField(serializers.ChoiceField):
    def __init__(self, **options: Any) -> None:
        super().__init__(choices=Service.choices, **options)


class SourceCode(Text):
    """The code of a source in a body; `source_named` finds it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": 20, "help_text": _("The code of the source, such as tme."), **options})


def source_named(code: str) -> Source:
    """Raises SourceIsUnknown."""
    source = Source.objects.filter(code=code).first()
    if source is None:
        raise SourceIsUnknown(
            code=code, known=", ".join(Source.objects.order_by("code").values_list("code", flat=True))
        )
    return source


class ReasonIn(Input):
    reason = Text(max_length=300, allow_blank=True, help_text=_("Nothing is decided without one."))


class WorkBrief(serializers.Serializer[Any]):
    ref = serializers.CharField()
    title = serializers.CharField()


class SongBrief(serializers.Serializer[Any]):
    """A song as a service names it."""

    ref = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    artists = serializers.CharField(allow_blank=True)


def money(micros: Any, currency: str) -> dict[str, Any]:
    """As `Money` sends it."""
    return {"amount_micros": int(micros), "currency": currency}


def won(micros: Any) -> dict[str, Any]:
    return money(micros, WON)


def name_of(user: User | None) -> str | None:
    return user.name if user is not None else None
