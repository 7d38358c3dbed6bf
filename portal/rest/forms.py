from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.rest.models import Token
from portal.rest.scopes import Scope, scopes_of_use

LIVES: Final = [
    ("7", _("a week")),
    ("30", _("30 days")),
    ("90", _("90 days")),
    ("365", _("a year")),
]


class TokenForm(forms.Form):
    """What a token is for, what it may do (of what is of use to these roles) and how long it lives."""

    name = forms.CharField(
        label=_("What is it for?"),
        help_text=_("The program or computer that will use it, so that you know which one to revoke."),
        max_length=Token._meta.get_field("name").max_length,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What may it do?"),
        help_text=_("As little as the program needs. It never sees or does more than you may yourself."),
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.ChoiceField(
        label=_("How long is it valid?"),
        choices=LIVES,
        initial="90",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, roles: Collection[str], **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(scope.value, f"{scope.label} ({scope.value})") for scope in scopes_of_use(roles)]
        self.fields["scopes"].choices = choices  # type: ignore[attr-defined]  # it is the field above

    def chosen(self) -> dict[str, Any]:
        """After is_valid: what issue_token wants to know."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "scopes": [Scope(scope) for scope in data["scopes"]],
            "until_date": timezone.localdate() + dt.timedelta(days=int(data["days"])),
        }
