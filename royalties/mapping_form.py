"""The form of the mapping screen: a select for each column, and what no column says. Errors stand beside their fields."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any, Final

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy as _

from royalties.forms import CURRENCIES, MonthField
from royalties.ingest.mappings import FIXED, NAME_LETTERS, Said
from royalties.models import Basis, Service
from royalties.reports import mapped
from royalties.reports.base import header_key
from royalties.reports.mapped import ABROAD
from royalties.reports.styles import NUMBER_STYLES
from royalties.tables import MEANINGS, OF_SOCIETIES, PLATFORMS_AT_MOST, Table, guess_service

UNSAID: Final = "?"
NOTHING: Final = "-"
WORDS_LETTERS: Final = 300
TABLE_OF_MEANINGS: Final[dict[str, Promise]] = {**MEANINGS, **OF_SOCIETIES}
BASES: Final = [choice for choice in Basis.choices if choice[0] in {Basis.WHOLE, Basis.CLAIMED, Basis.NAMED}]


def column_field(at: int) -> str:
    return f"c{at}"


def platform_field(name: str) -> str:
    return "p" + hashlib.sha256(name.encode()).hexdigest()[:12]


class ColumnsForm(forms.Form):
    """What staff say of a table. Bound with `data`, or filled with the guess and with the mapping it starts from."""

    name = forms.CharField(
        label=_("Name of this kind of file"),
        max_length=NAME_LETTERS,
        help_text=_("Short, such as the sender and what it is. Next month’s file with these columns is known by it."),
    )
    month = MonthField(
        label=_("Month of this file"),
        required=False,
        help_text=_(
            "Needed where no column says the month, or says it without the year. It is asked again for each file."
        ),
    )
    service = forms.ChoiceField(label=_("Service, where no column says it"), choices=Service.choices, required=False)
    territory = forms.ChoiceField(
        label=_("Where it was used, where no column says it"),
        choices=[("", _("China")), (ABROAD, _("not China: no mandate"))],
        required=False,
    )
    currency = forms.ChoiceField(label=_("Currency of the money"), choices=CURRENCIES)
    numbers = forms.MultipleChoiceField(
        label=_("How its numbers are written"),
        choices=list(NUMBER_STYLES.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Plain digits with a point are always read. Tick only what really stands in the file."),
    )
    totals = forms.CharField(
        label=_("Words of rows that sum up others"),
        max_length=WORDS_LETTERS,
        required=False,
        help_text=_("Such rows are no songs. The last one is compared with our sum."),
    )
    basis = forms.ChoiceField(
        label=_("What the money of a line is, as far as you know"),
        choices=[("", _("declared elsewhere")), *BASES],
        required=False,
        help_text=_("What is declared for the source on paper decides. NAMED lines are kept as named and wait."),
    )
    replaces = forms.BooleanField(label=_("It takes the place of the one of this name"), required=False)
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, table: Table, data: Any = None) -> None:
        self.table = table
        super().__init__(data, initial=_initial(table))
        lines = range(1, min(len(table.rows), mapped.HEAD_LINES) + 1)
        self.lines = [(line, _line_choice(line, table.cells[line - 1])) for line in lines]  # which the header may be
        self.fields["header_line"] = forms.TypedChoiceField(
            coerce=int, choices=self.lines, initial=table.header_line, widget=forms.HiddenInput
        )
        before = _columns_before(table)
        for column in table.columns:
            meaning = before.get(column.at, column.guess.meaning or (UNSAID if column.guess.is_asked else NOTHING))
            self.fields[column_field(column.at)] = forms.ChoiceField(
                label=column.header or gettext("column %(number)s without a header") % {"number": column.at + 1},
                choices=_choices(may_be_unsaid=column.guess.is_asked or meaning == UNSAID),
                initial=NOTHING if column.is_withheld else meaning,
                disabled=column.is_withheld,
            )
        self.platforms = self._platforms()
        for name in self.platforms:
            known = (table.before.services if table.before else {}).get(name) or guess_service(name)
            choices = [*Service.choices, (ABROAD, _("not in China: no mandate"))]
            self.fields[platform_field(name)] = forms.ChoiceField(
                label=name, choices=choices if known else [(UNSAID, _("Say which")), *choices], initial=known or UNSAID, required=False
            )  # fmt: skip

            if self.is_bound and platform_field(name) not in self.data:  # its column was chosen just now
                self.data = {
                    **{each: self[each].value() for each in self.fields},
                    platform_field(name): known or UNSAID,
                }

    # ── as the page shows it ──

    def column_rows(self) -> list[dict[str, Any]]:
        return [{"column": column, "field": self[column_field(column.at)]} for column in self.table.columns]

    def platform_fields(self) -> list[forms.BoundField]:
        return [self[platform_field(name)] for name in self.platforms]

    def meaning_of(self, at: int) -> str:
        """What is chosen for a column just now, whether or not the form is right as a whole."""
        if self.table.columns[at].is_withheld:
            return NOTHING
        field = self[column_field(at)]
        value = str(field.value())
        return value if value in TABLE_OF_MEANINGS else NOTHING

    def said(self) -> Said | None:
        """What is said so far; None where no column is the title, without which no line can be read."""
        columns: dict[str, list[mapped.Named]] = {}
        for at, named in enumerate(mapped.named_columns(self.table.headers)):
            meaning = self.meaning_of(at)
            if meaning != NOTHING and (meaning in mapped.SEVERAL or meaning not in columns):
                columns.setdefault(meaning, []).append(named)
        if "title" not in columns:
            return None
        services = {name: str(self[platform_field(name)].value() or "") for name in self.platforms}
        month = self["month"].value() if not self.is_bound else getattr(self, "cleaned_data", {}).get("month")
        constants = {"currency": str(self["currency"].value() or ""), "territory": str(self["territory"].value() or "")}
        if "platform" not in columns:
            constants["service"] = str(self["service"].value() or Service.OTHER)
        return Said(
            name=str(self["name"].value() or "").strip(),
            headers=self.table.headers,
            header_line=self.table.header_line,
            columns=columns,
            constants={name: value for name, value in constants.items() if value},
            numbers=[style for style in NUMBER_STYLES if style in (self["numbers"].value() or [])],
            totals=[word.strip() for word in str(self["totals"].value() or "").split(",") if word.strip()],
            services={name: service for name, service in services.items() if service not in {"", UNSAID}},
            basis=str(self["basis"].value() or ""),
            month=month if isinstance(month, dt.date) else None,
        )

    def _platforms(self) -> list[str]:
        at = next((column.at for column in self.table.columns if self.meaning_of(column.at) == "platform"), None)
        return [] if at is None else self.table.values_of(at)[:PLATFORMS_AT_MOST]

    # ── what is wrong ──

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        chosen: dict[str, int] = {}
        for column in self.table.columns:
            name = column_field(column.at)
            meaning = cleaned.get(name)
            if meaning == UNSAID:
                self.add_error(name, _("Say what this column is, or that it is not needed."))
            elif meaning in chosen and meaning not in mapped.SEVERAL:
                words = _("This is already column “%(other)s”. Only one can be.")
                self.add_error(name, words % {"other": self.table.columns[chosen[meaning]].header})
            elif meaning and meaning != NOTHING:
                chosen[meaning] = column.at
        if "title" not in chosen:
            self.add_error(None, _("Say which column is the title of the song or work."))
        if "period" not in chosen and not cleaned.get("month") and "month" not in self.errors:
            self.add_error("month", _("No column says the month, so state it here."))
        self._clean_money(chosen, cleaned)
        for name in self.platforms:
            if cleaned.get(platform_field(name)) in {UNSAID, ""}:
                self.add_error(platform_field(name), _("Say which service this is."))
        if cleaned.get("name", "").strip() in FIXED:
            self.add_error("name", _("The portal knows a format of this name by itself. Give this one another name."))
        return cleaned

    def _clean_money(self, chosen: dict[str, int], cleaned: dict[str, Any]) -> None:
        names_parties = bool(chosen.keys() & {"party", "party_ipi"})
        if "money" not in chosen:
            for meaning in ("gross", "fee", "tax"):
                if meaning in chosen:
                    words = _("Say too which column is the net money for the society.")
                    self.add_error(column_field(chosen[meaning]), words)
        elif names_parties and cleaned.get("basis") != Basis.NAMED:
            self.add_error("basis", _("Its lines name whose money it is, so they are NAMED."))
        elif not names_parties and cleaned.get("basis") == Basis.NAMED:
            self.add_error("basis", _("NAMED needs a column that says whose money it is."))


def _initial(table: Table) -> dict[str, Any]:
    before = table.before
    numeric = [
        column.at
        for column in table.columns
        if column.guess.meaning in {"money", "uses", "gross", "fee", "tax"} or column.guess.is_asked
    ]
    month = table.month()
    first: dict[str, Any] = {
        "name": "",
        "currency": table.report.source.currency,
        "numbers": table.styles_of(numeric),
        "totals": ", ".join(mapped.TOTAL_WORDS),
        "service": Service.OTHER,
        "month": dt.date.fromisoformat(month) if month else None,
    }  # fmt: skip
    if before is not None:
        first |= {
            "name": before.name,
            "numbers": before.numbers,
            "totals": ", ".join(before.totals),
            "basis": before.basis if before.basis in dict(BASES) else "",
            "seen": before.version,
            **before.constants,
        }
    return first


def _columns_before(table: Table) -> dict[int, str]:
    """What the columns meant in the mapping that people start from: the guess stands for what is new."""
    if table.before is None:
        return {}
    place_of = {named: at for at, named in enumerate(mapped.named_columns(table.headers))}
    meant = {
        place_of[key, nth]: meaning
        for meaning, columns in table.before.columns.items()
        for key, nth in columns
        if (key, nth) in place_of
    }
    known = {name for name, _nth in mapped.named_columns(table.before.headers)}
    found = set(table.before.columns) & set(meant.values())
    for column in table.columns:
        if column.at in meant:
            continue
        if header_key(column.header) in known:
            meant[column.at] = NOTHING  # it was there and nobody wanted it
        elif column.guess.meaning in found - mapped.SEVERAL:
            meant[column.at] = NOTHING
    return meant


def _choices(*, may_be_unsaid: bool) -> list[Any]:
    first: list[Any] = [(UNSAID, _("Say what it is"))] if may_be_unsaid else []
    return [
        *first,
        (NOTHING, _("not needed")),
        (_("Songs, uses and money"), list(MEANINGS.items())),
        (_("Distributions of other societies"), list(OF_SOCIETIES.items())),
    ]


def _line_choice(line: int, cells: list[str]) -> str:
    text = " · ".join(cell.strip() for cell in cells if cell.strip())
    return f"{line}: {text[:60]}"
