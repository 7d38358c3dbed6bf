"""One's own tokens: a page to make and revoke them."""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.access import roles_of, signed_in
from portal.lib.errors import DomainError
from portal.rest.access import get_token, tokens_of
from portal.rest.forms import TokenForm
from portal.rest.tokens import issue_token, revoke_token

SHOWN = 50


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(enabled=lambda request: request.method == "POST")  # type: ignore[untyped-decorator]
def tokens(request: HttpRequest) -> HttpResponse:
    """A token outlives the session, so an open desk is not enough to make one: the password is asked for once more.

    The text of a new token stands in the answer to its form and nowhere else: no redirect could carry it.
    """
    user = signed_in(request)
    form = TokenForm(request.POST or None, roles=roles_of(user))
    made = None
    if request.method == "POST" and form.is_valid():
        try:
            made = issue_token(user=user, **form.chosen())
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            form = TokenForm(roles=roles_of(user))
    context = {"form": form, "made": made, "tokens": tokens_of(user).valid_first()[:SHOWN]}
    return render(request, "account/tokens.html", context, status=400 if form.errors else 200)


@require_POST
def revoke(request: HttpRequest, ref: str) -> HttpResponse:
    token = get_token(request.user, ref)
    revoke_token(token=token)
    messages.success(request, _("The token “%(name)s” is revoked. Nobody can use it any more.") % {"name": token.name})
    return redirect("tokens")
