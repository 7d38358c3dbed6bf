"""Fields that endpoints are made of. Money is an integer of millionths and its currency, a share an exact fraction.

What comes in is taken at its word: a number is no text, "12" is no number (but in an address or a form, where all is text),
and a field that nobody knows is refused rather than dropped.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions, serializers

WHOLE_NUMBER: Final = re.compile(r"-?[0-9]{1,18}")
ISO_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MICROS_LIMIT: Final = 10**18 - 1


class Input(serializers.Serializer[Any]):
    """What a request may hold, in its body or behind the question mark: these fields and no others."""

    default_error_messages = {
        "unknown": _("There is no such field here."),
        "blank": _("This field may not be blank."),
        "repeated": _("This field is here more than once."),
    }

    def to_internal_value(self, data: Any) -> Any:
        names = list(data) if isinstance(data, Mapping) else []
        wrong = {str(name)[:100]: "unknown" for name in names if name not in self.fields}
        if isinstance(data, QueryDict):  # Django REST framework would take an empty text for none at all
            wrong |= {name: "blank" for name, field in self.fields.items() if _is_blank(data, name, field)}
            wrong |= {name: "repeated" for name, field in self.fields.items() if _is_repeated(data, name, field)}
        if wrong:
            raise serializers.ValidationError(
                {name: [exceptions.ErrorDetail(str(self.error_messages[code]), code)] for name, code in wrong.items()}
            )
        return super().to_internal_value(data)


class Text(serializers.CharField):
    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Whole(serializers.IntegerField):
    """Up to 18 digits, so that every one fits a bigint."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"min_value": -MICROS_LIMIT, "max_value": MICROS_LIMIT, **options})

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, str) and _is_text_only(self) and WHOLE_NUMBER.fullmatch(data):
            return int(data)
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return data


class Day(serializers.DateField):
    """2026-11-22."""

    def to_internal_value(self, value: Any) -> dt.date:
        if not isinstance(value, str) or not ISO_DAY.fullmatch(value):
            self.fail("invalid", format="YYYY-MM-DD")
        day: dt.date = super().to_internal_value(value)
        return day


class Flag(serializers.BooleanField):
    def to_internal_value(self, data: Any) -> bool:
        if isinstance(data, str) and _is_text_only(self) and data in {"true", "false"}:
            return data == "true"
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


@extend_schema_field({"type": "string", "format": "binary", "minLength": 1})
class Upload(serializers.FileField):
    """A file in a form; the view names MultiPartParser."""


class ExactFraction(Input):
    """Out: a Fraction as {"numerator": 5, "denominator": 12}. In: the same, as a Fraction between 0 and the whole."""

    numerator = Whole(min_value=0)
    denominator = Whole(min_value=1)
    default_error_messages = {"above_one": _("A share is at most the whole.")}

    def to_internal_value(self, data: Any) -> Any:
        read = super().to_internal_value(data)
        share = Fraction(read["numerator"], read["denominator"])
        if share > 1:
            raise serializers.ValidationError([self.error_messages["above_one"]], "above_one")
        return share


class Money(serializers.Serializer[Any]):
    """{"amount_micros": 1500000, "currency": "CNY"} is ¥1.50."""

    amount_micros = Whole()
    currency = serializers.CharField(min_length=3, max_length=3)


def _is_text_only(field: serializers.Field[Any, Any, Any, Any]) -> bool:
    """Whether the field comes from an address or a form."""
    return isinstance(getattr(field.root, "initial_data", None), QueryDict)


def _is_blank(data: QueryDict, name: str, field: serializers.Field[Any, Any, Any, Any]) -> bool:
    return data.get(name) == "" and not getattr(field, "allow_blank", False)


def _is_repeated(data: QueryDict, name: str, field: serializers.Field[Any, Any, Any, Any]) -> bool:
    """All but the last would be dropped without a word, also of two files."""
    return len(data.getlist(name)) > 1 and not isinstance(field, serializers.ListField)
