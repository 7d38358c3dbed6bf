"""Who acts for whom: a songwriter's delegates, and the people of one's organisation."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts import services
from portal.accounts.access import (
    delegations_of,
    get_delegation,
    is_staff,
    memberships_visible_to,
    only,
    own_desks,
    sees_everything,
    signed_in,
)
from portal.accounts.forms import DelegateForm
from portal.accounts.models import WRITER_ROLES, Membership, Organisation, Role, User
from portal.lib.errors import DomainError
from portal.lib.keyset import page_of, whole

ENDED_SHOWN: Final = 10


@require_http_methods(["GET", "HEAD", "POST"])
@only(*WRITER_ROLES, Role.STAFF, Role.AUDITOR)
def delegates(request: HttpRequest) -> HttpResponse:
    """A songwriter appoints and sees who acts for her, a delegate for whom she acts; the society reads all of it.

    Staff appoint on a written mandate.
    """
    user = signed_in(request)
    desks, staff = own_desks(user), is_staff(user)
    may_appoint = bool(desks) or staff
    form = DelegateForm(request.POST or None, desks=desks, initial=_asked(request)) if may_appoint else None
    if request.method == "POST":
        if form is None:
            raise Http404
        if form.is_valid() and _appoint(form, user):
            messages.success(request, _("The person can act from now on. Both of you are told."))
            return redirect("delegates")
    context = {
        "form": form,
        "own": bool(desks),
        "staff": staff,
        "society": sees_everything(user),
        "desks": [_desk(desk) for desk in desks],
        "acting": delegations_of(user),
        "all": _all_delegates(request) if sees_everything(user) else None,
    }
    return render(request, "account/delegates.html", context, status=400 if form is not None and form.errors else 200)


def _asked(request: HttpRequest) -> dict[str, Any]:
    """The desk that a link of the list of people names (?desk=)."""
    ref = request.GET.get("desk", "").replace("\0", "")
    return {"desk": ref} if ref else {}


def _appoint(form: DelegateForm, user: User) -> bool:
    """Whether the person is appointed; if not, the form says why."""
    given = form.cleaned_data
    try:
        services.appoint_delegate(
            desk=given["desk"],
            email=given["email"],
            last_date=given["last_date"],
            mandate=given.get("mandate", ""),
            actor=user,
        )
    except DomainError as error:
        form.add_error(None, str(error))
        return False
    return True


def _desk(desk: Organisation) -> dict[str, Any]:
    """Who acts for a desk today, and who did lately."""
    rows = Membership.objects.filter(organisation=desk, role=Role.DELEGATE)
    rows = rows.select_related("user", "appointed_by", "ended_by")
    today = timezone.localdate()
    return {
        "desk": desk,
        "now": rows.in_force().order_by("until_date", "pk"),
        "before": rows.filter(until_date__lte=today).order_by("-until_date", "-pk")[:ENDED_SHOWN],
    }


def _all_delegates(request: HttpRequest) -> Any:
    rows = Membership.objects.filter(role=Role.DELEGATE).select_related(
        "user", "organisation", "appointed_by", "ended_by"
    )
    return page_of(rows, keys=(whole("id", descending=True),), after=request.GET.get("after", ""))


@require_POST
@only(*WRITER_ROLES, Role.STAFF)
def end_delegate(request: HttpRequest, ref: str) -> HttpResponse:
    """At once."""
    user = signed_in(request)
    membership = services.end_delegate(membership=get_delegation(user, ref), actor=user)
    said = _("%(name)s no longer acts for %(writer)s. Both of you are told.")
    messages.success(request, said % {"name": membership.user.name, "writer": membership.organisation.name})
    return redirect("delegates" if user.pk != membership.user_id else "home")


@require_GET
@only(Role.PUBLISHER_SUPER, Role.STAFF, Role.AUDITOR)
def people(request: HttpRequest) -> HttpResponse:
    """Who may sign in for which organisation today, as what and until when; ?q= searches names, addresses and references."""
    text = " ".join(request.GET.get("q", "").replace("\0", " ").split())[:100]
    rows = memberships_visible_to(request.user).in_force().filter(user__is_active=True)
    if text:
        rows = rows.search(text)
    page = page_of(
        rows.select_related("user", "organisation"),
        keys=(whole("organisation_id"), whole("id")),
        after=request.GET.get("after", ""),
    )
    context = {
        "text": text,
        "rows": page.rows,
        "cursor": page.more,
        "society": sees_everything(request.user),
        "staff": is_staff(request.user),
    }
    return render(request, "account/people.html", context)
