"""What templates say of reports and their families."""

from __future__ import annotations

from decimal import Decimal

from django import template

from royalties.reports.formats import name_of

register = template.Library()


@register.filter
def family_name(code: str) -> str:
    """What people call a family of reports."""
    return name_of(code)


@register.filter
def plain_number(value: Decimal) -> str:
    """A price as it was written: without zeros behind it."""
    return f"{value.normalize():f}"
