"""What people type on the pages of reports and money, read into exact values."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from portal.lib.money import NotAnAmount, parse_micros, parse_rate
from royalties.declared import SAID_BY_PEOPLE
from royalties.models import Basis, Report, ReportingCalendar, Service, Source
from royalties.reports import encodings
from royalties.reports.formats import FORMATS
from royalties.services import LARGEST_PART
from works.catalogue.spreadsheet import read_share
from works.models import Work

KINDS: Final = {
    "same": _("in both, with the same amount"),
    "different": _("in both, with different amounts"),
    "only_this": _("only in this file"),
    "only_other": _("only in the other file"),
}  # of royalties.overlap.Kind
KIND_CHOICES: Final = list(KINDS.items())
MONTH: Final = re.compile(r"(20\d{2})-(0[1-9]|1[0-2])")
WHOLE: Final = re.compile(r"-?[0-9]{1,40}")
SHA256: Final = re.compile(r"\A[0-9a-fA-F]{64}\Z")  # the form looks for it anywhere in the text
CURRENCIES: Final = (("CNY", _("Chinese yuan (CNY)")), ("USD", _("US dollar (USD)")), ("KRW", _("Korean won (KRW)")))


class MonthInput(forms.DateInput):
    input_type = "month"

    def __init__(self) -> None:
        super().__init__(attrs={"placeholder": "YYYY-MM"}, format="%Y-%m")


class MonthField(forms.Field):
    """A month as YYYY-MM, kept as its first day."""

    widget = MonthInput

    def to_python(self, value: Any) -> dt.date | None:
        text = str(value or "").strip()
        if not text:
            return None
        found = MONTH.fullmatch(text)
        if not found:
            raise forms.ValidationError(_("Write the month as year and month, for example 2026-09."), code="month")
        return dt.date(int(found[1]), int(found[2]), 1)


class AmountField(forms.Field):
    """A plain decimal amount, kept in micros. Nothing is rounded: more than six decimals are refused."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def __init__(self, *, above_zero: bool = True, **options: Any) -> None:
        self.above_zero = above_zero
        super().__init__(**options)

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip().replace(",", "")
        if not text:
            return None
        try:
            micros, remainder = parse_micros(text)
        except NotAnAmount as error:
            raise forms.ValidationError(
                _("Write the amount in digits, for example 1234567.89."), code="amount"
            ) from error
        if remainder:
            raise forms.ValidationError(_("The amount has more than six decimals."), code="decimals")
        if self.above_zero and micros <= 0:
            raise forms.ValidationError(_("The amount must be more than zero."), code="positive")
        return micros


class RateField(forms.Field):
    """An exchange rate as an exact decimal, more than zero. Decimal by itself would also take 1_000, 1e3 and １２３."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def to_python(self, value: Any) -> Decimal | None:
        text = str(value or "").strip()
        if not text:
            return None
        try:
            rate = parse_rate(text)
        except NotAnAmount as error:
            raise forms.ValidationError(
                _("Write the rate in digits, with at most ten decimals, for example 192.05."), code="rate"
            ) from error
        if not rate:
            raise forms.ValidationError(_("The rate must be more than zero."), code="positive")
        return rate


class PlainIntegerField(forms.IntegerField):
    """A whole number in the digits 0 to 9 alone. Django's own would also take 1_000 and １２."""

    def to_python(self, value: Any) -> int | None:
        text = str(value if value is not None else "").strip()
        if text and not WHOLE.fullmatch(text):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(text)


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class DeclareForm(forms.Form):
    """What somebody says a report holds. Both left empty: nothing is said there any more."""

    prefix = "declared"  # it stands beside other forms of the report's page

    origin = forms.ChoiceField(label=_("Who says so"), choices=SAID_BY_PEOPLE)
    lines = PlainIntegerField(label=_("Number of lines, without the header"), required=False, min_value=0)
    micros = AmountField(label=_("Sum of the money"), required=False, above_zero=False)
    note = forms.CharField(
        label=_("Why, if it was said otherwise before"),
        max_length=300,
        required=False,
    )


class UploadForm(forms.Form):
    source = forms.ModelChoiceField(
        Source.objects.order_by("name"), label=_("Source"), to_field_name="code", empty_label=_("Choose a source")
    )
    period = MonthField(
        label=_("Month of the report"),
        required=False,
        help_text=_("Leave it empty to take the month from the file."),
    )
    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "As the service sent it: an Excel workbook (.xlsx) or a table in text (.csv, .tsv, .txt, or .xls that holds text),"
            " also packed (.csv.gz, .zip). Do not open and save it before."
        ),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,.tsv,.txt,.xls,.gz,.zip"}),
    )
    encoding = forms.ChoiceField(
        label=_("How its letters are written"),
        required=False,
        choices=[("", _("Let the portal decide and show me")), *encodings.CHOICES],
        help_text=_("Only for tables in text. You see the first lines afterwards and can change it."),
    )
    declared_lines = PlainIntegerField(label=_("Number of lines, without the header"), required=False, min_value=0)
    declared_micros = AmountField(label=_("Sum of the money"), required=False, above_zero=False)
    declared_origin = forms.ChoiceField(label=_("Who says so"), choices=SAID_BY_PEOPLE, required=False)
    correction_because = forms.CharField(
        label=_("It is a correction, because"),
        max_length=300,
        required=False,
        help_text=_(
            "Only if its lines are differences to a file of its month that is already here: then they may be negative."
        ),
    )
    sha256 = forms.RegexField(
        SHA256,
        label=_("Fingerprint (SHA-256)"),
        required=False,
        error_messages={"invalid": _("Write its 64 letters and digits.")},
    )


class ReadAgainForm(forms.Form):
    AS_DECIDED = "decide"

    encoding = forms.ChoiceField(
        label=_("Read it again as"), choices=[(AS_DECIDED, _("what the portal decides")), *encodings.CHOICES]
    )


class SettleForm(forms.Form):
    """What a further file of a month is. `earlier`: which files it replaces or corrects, by their references."""

    choice = forms.ChoiceField(
        label=_("What is this file?"),
        choices=(
            ("supplement", _("A supplement: count its lines beside the earlier file’s")),
            ("replacement", _("A replacement: count it in the place of the files chosen below")),
            ("correction", _("A correction: its lines are differences to the files chosen below, and may be negative")),
            ("aside", _("None of these: set this file aside")),
        ),
        widget=forms.RadioSelect,
    )
    earlier = forms.MultipleChoiceField(
        label=_("Which files does it replace or correct?"), required=False, widget=forms.CheckboxSelectMultiple
    )
    reason = forms.CharField(label=_("Reason"), max_length=300)

    def __init__(self, *arguments: Any, earlier: Sequence[Report], is_correction: bool = False, **options: Any) -> None:
        super().__init__(*arguments, **options)
        labels = [(one.ref, f"{one.ref} · {one.file.label}") for one in earlier]
        self.fields["earlier"].choices = labels  # type: ignore[attr-defined]
        if is_correction:
            kept = [choice for choice in self.fields["choice"].choices if choice[0] in {"correction", "aside"}]  # type: ignore[attr-defined]
            self.fields["choice"].choices = kept  # type: ignore[attr-defined]


class WithdrawForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300)
    sure = forms.BooleanField(label=_("I have read what this changes"))


class DecisionForm(forms.Form):
    """Accept or reject: the work by its reference, why, and which match the person was looking at."""

    work = forms.CharField(
        label=_("Reference of the work"),
        max_length=12,
        help_text=_("It begins with W- and stands on the page of the work."),
    )
    music_alone = forms.BooleanField(label=_("Its music alone: the song has other words"), required=False)
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean_work(self) -> str:
        return str(self.cleaned_data["work"]).strip().upper()


class RejectForm(DecisionForm):
    reason = forms.CharField(label=_("Reason"), max_length=300)


class ReviewForm(forms.Form):
    """A decision of the review. `seen`: song ref and match, for this song and each equal one that was shown."""

    action = forms.ChoiceField(
        choices=[("accept", ""), ("music", ""), ("divide", ""), ("reject", ""), ("leave_out", "")]
    )
    work = forms.CharField(max_length=12, required=False)
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)
    equal = forms.BooleanField(required=False)
    next = forms.CharField(max_length=12, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("action") in {"accept", "music", "reject"} and not cleaned.get("work"):
            self.add_error("work", _("Choose the work that you mean."))
        if cleaned.get("action") == "divide":
            cleaned["parts"] = self._read_parts()
            cleaned["unregistered"] = self._read_unregistered()
        return cleaned

    def rows(self) -> list[tuple[str, str]]:
        """The works and their parts as they were typed, for a song that is several works."""
        if not isinstance(self.data, QueryDict):
            return []
        rows = zip(self.data.getlist("part_work"), self.data.getlist("part"), strict=False)
        return [(ref.strip().upper()[:12], text.strip()[:20]) for ref, text in rows]

    def unregistered(self) -> str:
        """The part of works that nobody registered, as it was typed."""
        return str(self.data.get("unregistered", "")).strip()[:20]

    def _read_parts(self) -> list[tuple[str, Fraction]]:
        read = [(ref, text, read_share(text)) for ref, text in self.rows() if text]
        wrong = [text for ref, text, part in read if not ref or not part]
        if wrong:
            words = _(
                "“%(part)s” needs a work beside it, and is written as a fraction or a percentage, such as 1/2 or 50%%."
            )
            self.add_error(None, words % {"part": wrong[0]})
        return [(ref, part) for ref, _text, part in read if part]

    def _read_unregistered(self) -> Fraction:
        text = self.unregistered()
        part = read_share(text) if text else Fraction(0)
        if part is None:
            words = _("“%(part)s” is no part of a song. Write a fraction or a percentage, such as 1/2 or 50%%.")
            self.add_error(None, words % {"part": text})
            return Fraction(0)
        return part

    def seen(self) -> dict[str, int]:
        """Song ref → the match that was shown."""
        pairs = (text.partition("=") for text in self.data.getlist("seen"))  # type: ignore[attr-defined]  # a QueryDict
        return {
            ref: int(match) for ref, _sign, match in pairs if match.isascii() and match.isdigit() and len(match) < 19
        }


class TwoWorksForm(forms.Form):
    one = forms.CharField(label=_("Reference of one work"), max_length=12)
    other = forms.CharField(label=_("Reference of the other work"), max_length=12)

    def clean(self) -> dict[str, Any]:
        """The references of two works that there are."""
        cleaned = super().clean() or {}
        for name in ("one", "other"):
            ref = str(cleaned.get(name, "")).strip().upper()
            cleaned[name] = ref
            if ref and not Work.objects.filter(ref=ref).exists():
                self.add_error(name, _("No work has this reference."))
        if not self.errors and cleaned["one"] == cleaned["other"]:
            self.add_error("other", _("Choose two works."))
        return cleaned


class MergeForm(forms.Form):
    """What staff say of two works. `survivor`: the reference of the one that stays; `seen`: what was compared."""

    action = forms.ChoiceField(choices=[("merge", ""), ("different", "")])
    survivor = forms.CharField(max_length=12, required=False)
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)
    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)


class OverlapForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("Which songs"), required=False, choices=lambda: [("", _("All songs")), *KIND_CHOICES]
    )
    service = forms.ChoiceField(
        label=_("Service"), required=False, choices=lambda: [("", _("All services")), *Service.choices]
    )


class SongFilterForm(forms.Form):
    q = forms.CharField(label=_("Title or artist"), required=False, max_length=100)


class UsageFilterForm(forms.Form):
    service = forms.ChoiceField(
        label=_("Service"), required=False, choices=lambda: [("", _("All services")), *Service.choices]
    )
    month = MonthField(label=_("Usage month"), required=False)
    q = forms.CharField(label=_("Title"), required=False, max_length=100)


class RemittanceForm(forms.Form):
    source = forms.ModelChoiceField(
        Source.objects.order_by("name"), label=_("Source"), to_field_name="code", empty_label=_("Choose a source")
    )
    period = MonthField(label=_("Month of the reports it pays for"))
    amount_micros = AmountField(label=_("Amount received"))
    currency = forms.ChoiceField(label=_("Currency"), choices=CURRENCIES)
    rate = RateField(label=_("Exchange rate"), help_text=_("Won for one unit of the currency, as the bank states it."))
    rate_date = forms.DateField(label=_("Day of the rate"), widget=DayInput)
    rate_source = forms.CharField(label=_("Who stated the rate"), max_length=100, required=False)
    reference = forms.CharField(
        label=_("Reference of the bank"),
        max_length=80,
        required=False,
        help_text=_("The same reference is recorded once, however often the form is sent."),
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300)


class RunForm(forms.Form):
    period = MonthField(label=_("Distribution month"))


class BasisForm(forms.Form):
    source = forms.ModelChoiceField(
        Source.objects.order_by("name"), label=_("Source"), to_field_name="code", empty_label=_("Choose a source")
    )
    family = forms.ChoiceField(
        label=_("Family of reports"),
        required=False,
        choices=lambda: [("", _("all files")), *((each.family, each.name) for each in FORMATS.values())],
    )
    basis = forms.ChoiceField(label=_("What the money of a line is"), choices=Basis.choices, widget=forms.RadioSelect)
    from_date = MonthField(label=_("From which month of reports on"))
    note = forms.CharField(
        label=_("On what paper"),
        max_length=2000,
        help_text=_("Name the contract or letter that says so."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class PriceForm(forms.Form):
    prefix = "price"  # it stands beside BasisForm

    source = forms.ModelChoiceField(
        Source.objects.order_by("name"), label=_("Source"), to_field_name="code", empty_label=_("Choose a source")
    )
    from_date = MonthField(label=_("From which month of use on"))
    words_price = RateField(
        label=_("Price of one use of the words"),
        help_text=_(
            "In the currency of the source. Only how the two stand to each other counts: half and half is 1 and 1."
        ),
    )
    music_price = RateField(label=_("Price of one use of the music"))
    note = forms.CharField(
        label=_("On what paper"),
        max_length=2000,
        help_text=_("Name the contract or letter that says so."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class CalendarForm(forms.Form):
    prefix = "calendar"  # it stands beside BasisForm

    source = forms.ModelChoiceField(
        Source.objects.order_by("name"), label=_("Source"), to_field_name="code", empty_label=_("Choose a source")
    )
    family = forms.CharField(
        label=_("Family of reports"),
        max_length=20,
        required=False,
        help_text=_("Leave it empty for all files of the source."),
    )
    from_date = MonthField(label=_("From which month of reports on"))
    kind = forms.ChoiceField(
        label=_("When they are due"), choices=ReportingCalendar.Kind.choices, widget=forms.RadioSelect
    )
    number = PlainIntegerField(
        label=_("Number of days, or day of the month"), required=False, min_value=1, max_value=366
    )
    missing_after = PlainIntegerField(
        label=_("Days of delay after which a report is missing"), min_value=0, max_value=366, initial=30
    )
    note = forms.CharField(
        label=_("On what paper"),
        max_length=2000,
        help_text=_("Name the contract or letter that says so."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class GridForm(forms.Form):
    """What of the months is shown; all of it stands in the address."""

    source = forms.ModelChoiceField(
        Source.objects.order_by("name"),
        label=_("Source"),
        to_field_name="code",
        required=False,
        empty_label=_("All sources"),
    )
    until = MonthField(label=_("Up to month"), required=False)
    span = forms.TypedChoiceField(
        label=_("How many months"),
        coerce=int,
        required=False,
        empty_value=None,
        choices=[(12, "12"), (6, "6"), (24, "24")],
    )
    show = forms.ChoiceField(
        label=_("Which rows"),
        required=False,
        choices=[
            ("", _("everything")),
            ("owed", _("late or missing")),
            ("attention", _("whatever somebody must look at")),
        ],
    )


class RightsForm(forms.Form):
    prefix = "rights"  # it stands beside BasisForm

    source = forms.ModelChoiceField(
        Source.objects.order_by("name"), label=_("Source"), to_field_name="code", empty_label=_("Choose a source")
    )
    from_date = MonthField(label=_("From which month of use on"))
    performing = PlainIntegerField(
        label=_("Part of the performing right"),
        min_value=0,
        max_value=LARGEST_PART,
        help_text=_("Half and half is 1 and 1."),
    )
    mechanical = PlainIntegerField(label=_("Part of the mechanical right"), min_value=0, max_value=LARGEST_PART)
    synchronisation = PlainIntegerField(
        label=_("Part of the synchronisation right"), min_value=0, max_value=LARGEST_PART, initial=0
    )
