"""Long lists a page at a time, by keyset: {"results": [...], "next": the address of the next page, or null}."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from rest_framework.pagination import BasePagination

from portal.rest.fields import Input, Text, Whole

USUAL: Final = 50
MOST: Final = 200


class PageQuery(Input):
    """What every list takes; its own filters are added in a subclass."""

    after = Text(required=False, max_length=200, help_text=_("Where the page begins, as “next” says it."))
    limit = Whole(required=False, default=USUAL, min_value=1, max_value=MOST, help_text=_("How many rows at most."))


class KeysetPages(BasePagination):
    """Describes the pages to the schema; `ApiView` makes them."""

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        following = {
            "type": "string",
            "format": "uri",
            "nullable": True,
            "description": str(_("The address of the next page; null on the last one.")),
        }
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {"results": schema, "next": following},
        }
