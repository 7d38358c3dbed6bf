"""The site map: each room's pages stand under its own name."""

from __future__ import annotations

from allauth.account import views as account
from django.urls import URLPattern, URLResolver, include, path, re_path

from portal import api, views
from portal.accounts import views as accounts
from portal.notices import views as notices
from portal.rest import views as tokens

notice_urls = (
    [
        path("", notices.list_notices, name="list"),
        path("read/", notices.mark_read, name="read"),
    ],
    "notices",
)

# Only what the portal uses of allauth: nobody signs up or changes an e-mail address by herself.
account_urls: list[URLPattern | URLResolver] = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("signup/", account.signup, name="account_signup"),  # says that the society opens accounts
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/set/", account.password_set, name="account_set_password"),  # for an account that never had one
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
]

api_urls: tuple[list[URLPattern | URLResolver], str] = (
    [path("v1/", include(api.urlpatterns)), api.nothing_here],
    "api",
)

handler400 = "portal.views.refuse_request"
handler500 = "portal.views.say_that_we_failed"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("language/", views.set_language, name="set_language"),
    path("account/", include(account_urls)),
    path("account/delegates/", accounts.delegates, name="delegates"),
    path("account/delegates/<str:ref>/end/", accounts.end_delegate, name="end_delegate"),
    path("people/", accounts.people, name="people"),
    path("changes/", views.changes, name="changes"),
    path("notices/", include(notice_urls)),
    path("account/tokens/", tokens.tokens, name="tokens"),
    path("account/tokens/<str:ref>/revoke/", tokens.revoke, name="revoke_token"),
    path("api/", include(api_urls)),
    path("works/", include("works.urls")),
    path("cases/", include("claims.urls")),
    path("", include("royalties.urls")),
]
