"""What people type to let somebody act for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Organisation
from portal.accounts.services import last_day_allowed


class DeskField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic when it runs
    """A songwriter's desk by its reference."""

    def __init__(self, **options: Any) -> None:
        desks = Organisation.objects.filter(kind=Organisation.Kind.DESK)
        super().__init__(queryset=desks, to_field_name="ref", **options)

    def to_python(self, value: Any) -> Organisation | None:
        if isinstance(value, str) and "\0" in value:  # PostgreSQL takes no NUL, so no desk is called so
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return super().to_python(value)


class DelegateForm(forms.Form):
    """For a songwriter, whose desks are given; staff name the desk and the written mandate themselves."""

    desk = DeskField(
        label=_("Reference of the songwriter’s desk"),
        help_text=_("As it stands in the list of people."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"invalid_choice": _("There is no songwriter’s desk with this reference.")},
    )
    email = forms.EmailField(
        label=_("E-mail address of the person"),
        help_text=_("With which the person signs in here."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    last_date = forms.DateField(
        label=_("Last day"),
        help_text=_("The person acts until the end of this day, for two years at most."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
    )
    mandate = forms.CharField(
        label=_("Written mandate"),
        help_text=_("Which paper, of which day. The songwriter reads it."),
        max_length=300,
    )

    def __init__(self, *args: Any, desks: Sequence[Organisation], **options: Any) -> None:
        super().__init__(*args, **options)
        today = timezone.localdate()
        self.fields["last_date"].widget.attrs |= {"min": f"{today}", "max": f"{last_day_allowed(today)}"}
        if desks:
            del self.fields["mandate"]
            desk = DeskField(label=_("For whom"), initial=desks[0])
            desk.widget = forms.HiddenInput() if len(desks) == 1 else forms.Select()
            desk.queryset = Organisation.objects.filter(pk__in=[each.pk for each in desks]).order_by("name", "pk")
            self.fields["desk"] = desk
