"""What people send to the register."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Organisation


class CatalogueForm(forms.Form):
    """A catalogue as a spreadsheet or a CSV file; for whom is asked only of somebody who acts for several publishers."""

    organisation = forms.ChoiceField(label=_("Publisher"))
    file = forms.FileField(
        label=_("Catalogue (XLSX or CSV)"),
        help_text=_(
            "One row for each party of a work, with the columns of the template in any order. The letters of a CSV are "
            "UTF-8 or Korean CP949."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv"}),
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
