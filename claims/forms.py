"""What people type into the pages of a case, read into exact values."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from claims.rules import ENDINGS, Check, Outcome, State
from portal.files.guards import DOCUMENTS
from royalties.forms import MonthField
from works.catalogue.spreadsheet import read_share
from works.models import Party

OUTCOME_LABELS: Final = {
    Outcome.AGREEMENT: _("The parties agreed"),
    Outcome.COURT: _("A court decided"),
    Outcome.SILENCE: _("One side did not answer"),
    Outcome.WITHDRAWAL: _("The claim was withdrawn"),
}
CHECK_LABELS: Final = {
    Check.DATES: _("Dates: the papers say from when, and until when if they end"),
    Check.TERRITORY: _("Territory: the papers cover China"),
    Check.WORKS: _("Works: the papers name this work"),
    Check.SIGNATURES: _("Signatures: everybody who has to has signed, with the date"),
}


class FractionField(forms.Field):
    """A part of a work as 1/12 or 8.5 %, kept as an exact fraction."""

    widget = forms.TextInput(attrs={"autocomplete": "off", "maxlength": 20})

    def to_python(self, value: Any) -> Fraction | None:
        text = str(value or "").strip()
        if not text:
            return None
        found = read_share(text) if len(text) <= 20 else None
        if not found:
            raise forms.ValidationError(_("Write the part as a fraction or a percentage, for example 1/12 or 8.5%."))
        return found


class PaperField(forms.FileField):
    def __init__(self, **options: Any) -> None:
        accepted = ",".join(f".{extension}" for extension in sorted(DOCUMENTS))
        super().__init__(
            label=_("Paper"),
            help_text=_(
                "A contract, letter or other proof: PDF, picture, Word, Excel or CSV. Everybody in the case sees it."
            ),
            widget=forms.FileInput(attrs={"accept": accepted}),
            **options,
        )


def _text(label: Any, help_text: Any = "", **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, max_length=5000, widget=forms.Textarea(attrs={"rows": 4}), **options
    )


class ShareCaseForm(forms.Form):
    party = forms.ChoiceField(label=_("Who would own it"))
    part = FractionField(
        label=_("Disputed part of the work"),
        help_text=_("Of the whole work, not of the share: for example 1/12."),
    )
    from_date = MonthField(
        label=_("From which month on"), help_text=_("The first month of which the usage would be yours.")
    )
    reason = _text(_("Reason"), _("What is wrong, and which paper shows it."))
    paper = PaperField()

    def __init__(self, *args: Any, parties: Sequence[Party], **options: Any) -> None:
        super().__init__(*args, **options)
        self.parties = {party.ref: party for party in parties}
        party = self.fields["party"]
        assert isinstance(party, forms.ChoiceField)  # noqa: S101 - declared above
        party.choices = [(party.ref, party.name) for party in parties]

    def clean_party(self) -> Party:
        return self.parties[str(self.cleaned_data["party"])]


class SongCaseForm(forms.Form):
    work = forms.ChoiceField(
        label=_("Which of your works is it"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a work. Search for it first if it is not in the list.")},
    )
    reason = _text(_("Reason"), _("How you know that this song is your work."))
    paper = PaperField()

    def __init__(self, *args: Any, works: Sequence[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        work = self.fields["work"]
        assert isinstance(work, forms.ChoiceField)  # noqa: S101 - declared above
        work.choices = list(works)


class PaperForm(forms.Form):
    paper = PaperField()
    text = _text(_("What it shows"), required=False)


class MessageForm(forms.Form):
    text = _text(_("Message"), _("Everybody in the case sees it."))


class ReturnForm(forms.Form):
    text = _text(_("What is missing"), _("Say which paper or detail is needed. The claimant sees this."))


class AcceptForm(forms.Form):
    checks = forms.MultipleChoiceField(
        label=_("The form of the papers"),
        help_text=_("Only the form counts, not whose paper is better."),
        choices=[(check.value, label) for check, label in CHECK_LABELS.items()],
        widget=forms.CheckboxSelectMultiple,
    )


class WithdrawForm(forms.Form):
    note = _text(_("Why you withdraw"))


class CloseForm(forms.Form):
    outcome = forms.ChoiceField(label=_("How did it end?"), widget=forms.RadioSelect)
    granted = forms.ChoiceField(
        label=_("Does the claimed part go to the claimant?"),
        choices=[("yes", _("Yes, to the claimant")), ("no", _("No, it stays as it is"))],
        widget=forms.RadioSelect,
    )
    part = FractionField(
        label=_("Agreed part of the work"),
        help_text=_("Only if the parties agreed on less than was disputed."),
        required=False,
    )
    note = _text(_("What was decided"), _("Everybody in the case sees it. Name the letter, agreement or judgment."))

    def __init__(self, *args: Any, state: State, with_part: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        outcome = self.fields["outcome"]
        assert isinstance(outcome, forms.ChoiceField)  # noqa: S101 - declared above
        outcome.choices = [(ending.value, OUTCOME_LABELS[ending]) for ending in ENDINGS[state]]
        if not with_part:
            del self.fields["part"]

    def clean_granted(self) -> bool:
        return bool(self.cleaned_data["granted"] == "yes")
