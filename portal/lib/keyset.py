"""Long lists a page at a time: the rows after a cursor, never OFFSET (a late page costs what the first one does)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from portal.lib.errors import DomainError

ROWS: Final = 50
SEPARATOR: Final = "~"

Row = TypeVar("Row")
M = TypeVar("M", bound=Model)
R = TypeVar("R")


class DamagedCursor(DomainError):
    code = "damaged-cursor"
    sentence = _("The link to further rows is damaged.")
    remedy = _("Open the list again from its beginning.")


@dataclass(frozen=True, kw_only=True)
class Key:
    """One column of the order: its name (or annotation), its direction, and how its value is read back from a cursor."""

    name: str
    read: Callable[[str], Any]
    descending: bool = False

    @property
    def order(self) -> str:
        return f"-{self.name}" if self.descending else self.name


def whole(name: str, *, descending: bool = False) -> Key:
    """A column of whole numbers, also of numeric sums."""
    return Key(name=name, read=_read_whole, descending=descending)


def day(name: str, *, descending: bool = False) -> Key:
    return Key(name=name, read=dt.date.fromisoformat, descending=descending)


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Row]):
    """`rows` to show; `more` is the cursor of the next page, empty on the last one."""

    rows: Sequence[Row]
    more: str

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def page_of(rows: QuerySet[M, R], *, keys: Sequence[Key], after: str, size: int = ROWS) -> Page[R]:
    """The first `size` rows after the cursor, in the order of the keys, which together are unique. One query.

    Raises DamagedCursor for a cursor that this list did not make.
    """
    found = list(rows_beyond(rows, keys, after)[: size + 1])
    more = cursor_of(keys, found[size - 1]) if len(found) > size else ""
    return Page(rows=found[:size], more=more)


def rows_beyond(rows: QuerySet[M, R], keys: Sequence[Key], after: str) -> QuerySet[M, R]:
    """All rows after the cursor, in the order of the keys. Raises DamagedCursor."""
    if after:
        rows = rows.filter(_beyond(keys, read_cursor(keys, after)))
    return rows.order_by(*(key.order for key in keys))


def _beyond(keys: Sequence[Key], values: Sequence[Any]) -> Q:
    """(a, b) > (x, y), spelled out because directions may differ: a > x, or a = x and b > y."""
    beyond, equal = Q(), Q()
    for key, value in zip(keys, values, strict=True):
        comparison = "lt" if key.descending else "gt"
        beyond |= equal & Q(**{f"{key.name}__{comparison}": value})
        equal &= Q(**{key.name: value})
    # The first key bounds the rest: said apart, so that an index begins at the right place.
    return Q(**{f"{keys[0].name}__{'lte' if keys[0].descending else 'gte'}": values[0]}) & beyond


def cursor_of(keys: Sequence[Key], row: Any) -> str:
    """The cursor that begins after this row, for lists that ask the database themselves."""
    values = (row[key.name] if isinstance(row, dict) else getattr(row, key.name) for key in keys)
    return SEPARATOR.join(str(int(value)) if isinstance(value, Decimal) else str(value) for value in values)


def read_cursor(keys: Sequence[Key], cursor: str) -> list[Any]:
    """The values of the keys that a cursor holds. Raises DamagedCursor."""
    texts = cursor.split(SEPARATOR)
    if len(texts) != len(keys):
        raise DamagedCursor
    try:
        return [key.read(text) for key, text in zip(keys, texts, strict=True)]
    except ValueError as error:
        raise DamagedCursor from error


def _read_whole(text: str) -> int:
    number = int(text)
    if not -(10**37) < number < 10**37:
        raise ValueError(text)
    return number
