"""What people send to the register."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Organisation
from works.models import TITLE_CODES, Recording, Script
from works.naming import NewName
from works.provenance import NameKind, NameState

LANGUAGES: Final = (
    ("", _("not said")),
    ("ko", _("Korean")),
    ("zh", _("Chinese")),
    ("en", _("English")),
    ("ja", _("Japanese")),
)


ENCODING_CHOICES: Final = (
    ("UTF-8", _("UTF-8")),
    ("CP949", _("CP949 or EUC-KR (Korean)")),
    ("GB18030", _("GB18030 or GBK (simplified Chinese)")),
)


class NameForm(forms.Form):
    """A name to add to a work, to one of its recordings, or to a party."""

    text = forms.CharField(label=_("Name"), max_length=300, strip=True)
    recording = forms.ChoiceField(label=_("What is called so"), required=False)
    kind = forms.ChoiceField(label=_("Kind"))
    script = forms.ChoiceField(
        label=_("Script"), required=False, choices=[("", _("as its letters are")), *Script.choices]
    )
    language = forms.ChoiceField(label=_("Language"), required=False, choices=LANGUAGES)
    note = forms.CharField(
        label=_("Where it can be seen"),
        max_length=300,
        required=False,
        help_text=_("A cover, a page of the service, a contract. Others read this when they doubt the name."),
    )

    def __init__(self, *args: Any, recordings: Sequence[Recording] | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        words = [NameKind(word) for word in TITLE_CODES] if recordings is not None else list(NameKind)
        self.fields["kind"].choices = [(word.value, word.label) for word in words]  # type: ignore[attr-defined]
        if recordings:
            whole = ("", _("the work"))
            shown = [(str(each.pk), _recording_in_words(each)) for each in recordings]
            self.fields["recording"].choices = [whole, *shown]  # type: ignore[attr-defined]
        else:
            del self.fields["recording"]

    def new_name(self) -> NewName:
        """After is_valid."""
        found = self.cleaned_data
        return NewName(
            text=found["text"],
            kind=found["kind"],
            script=found["script"],
            language=found["language"],
            note=found["note"],
        )


def _recording_in_words(recording: Recording) -> str:
    named = " · ".join(part for part in (recording.title, recording.performer, recording.ref) if part)
    return _("the recording %(recording)s") % {"recording": named}


class NameFilterForm(forms.Form):
    """Which names of the bank to show. `of` is chosen by the tabs."""

    q = forms.CharField(label=_("A part of the name, or a reference"), required=False, max_length=200)
    script = forms.ChoiceField(label=_("Script"), required=False, choices=[("", _("every script")), *Script.choices])
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("every kind")), *NameKind.choices])
    state = forms.ChoiceField(
        label=_("How sure"), required=False, choices=[("", _("all that stand")), *NameState.choices]
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300)


class SettleForm(forms.Form):
    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=[("keep", _("The name stays, and is confirmed")), ("end", _("The name is taken away"))],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label=_("Reason"), max_length=300, help_text=_("Both sides read it."))


class NamesFileForm(forms.Form):
    file = forms.FileField(
        label=_("Names (CSV)"),
        help_text=_(
            "One name in each row, with the columns of an exported file in any order: of, ref, text and kind are needed."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv"}),
    )


class CatalogueForm(forms.Form):
    """A catalogue as a spreadsheet or a CSV file; for whom is asked only of somebody who acts for several publishers."""

    organisation = forms.ChoiceField(label=_("Publisher"))
    file = forms.FileField(
        label=_("Catalogue (XLSX or CSV)"),
        help_text=_("One row for each party of a work, with the columns of the template in any order."),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv"}),
    )
    encoding = forms.ChoiceField(
        label=_("How its letters are written"),
        required=False,
        choices=[("", _("Let the portal decide and show me")), *ENCODING_CHOICES],
        help_text=_("Only for a CSV, and only if its letters look wrong: works are registered at once."),
    )

    def __init__(self, *args: Any, organisations: Sequence[Organisation], **options: Any) -> None:
        super().__init__(*args, **options)
        self.organisations = {organisation.ref: organisation for organisation in organisations}
        if len(organisations) == 1:
            del self.fields["organisation"]
        else:
            choices = [(organisation.ref, organisation.name) for organisation in organisations]
            self.fields["organisation"].choices = choices  # type: ignore[attr-defined]  # it is the ChoiceField above

    def chosen(self) -> tuple[Organisation, UploadedFile[Any]]:
        """After is_valid: for whom, and the file."""
        ref = self.cleaned_data.get("organisation") or next(iter(self.organisations))
        return self.organisations[ref], self.cleaned_data["file"]
