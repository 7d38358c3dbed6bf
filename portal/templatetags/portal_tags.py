"""Filters and tags of every page. `{% load portal_tags %}`, then:

filters   {{ x|money:"KRW" }} {{ x|micros:"CNY" }} {{ x|short_money:"KRW" }} {{ share|share }} {{ share|percent }}
          {{ date|month }} {{ date|day }} {{ at|moment }} {{ n|count }} {{ title|lang_span }} {{ title|lang_span:"Hans" }}
          {{ notice|said }}
tags      {% status report.state report.get_state_display %} {% icon "song" %} {% field form.title %}
          {% share_ring slices title=… %} {% bars values title=… %} {% waterfall steps title=… %}
          {% stacked_bar parts title=… %} {% stage_bar done total title=… %}   (values are those of portal.lib.svg)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.forms import BoundField
from django.template import Context, Library
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, get_language_info, gettext as _

from portal import icons, menu
from portal.accounts.models import Role
from portal.lib import svg, wording
from portal.notices.models import Notice

register = Library()

LANGUAGE_OF_SCRIPT: Final = {
    "Hang": "ko",
    "Hani": "zh",
    "Hans": "zh-Hans",
    "Hant": "zh-Hant",
    "Jpan": "ja",
    "Latn": "en",
}

# code → (tone, icon). The tone is a class of portal.css; the word always stands beside it.
STATUSES: Final[dict[str, tuple[str, str]]] = {
    "received": ("info", "wait"),
    "reading": ("info", "wait"),
    "matching": ("info", "wait"),
    "waiting": ("info", "wait"),
    "running": ("info", "run"),
    "todo": ("info", "wait"),
    "ready": ("good", "done"),
    "done": ("good", "done"),
    "released": ("good", "done"),
    "accepted": ("good", "done"),
    "payable": ("good", "done"),
    "registered": ("good", "done"),
    "held": ("wait", "pause"),
    "open": ("wait", "pause"),
    "review": ("wait", "look"),
    "suspense": ("wait", "pause"),
    "papers_missing": ("wait", "mend"),
    "to_mend": ("wait", "mend"),
    "filed": ("info", "report"),
    "disputed": ("wait", "scales"),
    "conflict": ("wait", "scales"),
    "under_way": ("info", "run"),
    "late": ("wait", "wait"),
    "missing": ("bad", "search"),
    "not_yet": ("off", "wait"),
    "aside": ("off", "dash"),
    "none": ("off", "search"),
    "not_ours": ("off", "away"),
    "closed": ("off", "done"),
    "valid": ("good", "done"),
    "stated": ("info", "report"),
    "confirmed": ("good", "done"),
    "ended": ("off", "done"),
    "revoked": ("off", "cross"),
    "duplicate": ("off", "dash"),
    "sent_again": ("off", "done"),
    "refused": ("bad", "cross"),
    "mapping": ("wait", "mend"),
    "rejected": ("bad", "cross"),
    "stopped": ("bad", "stop"),
    "quarantined": ("bad", "stop"),
    # who collects a share
    "ours": ("good", "done"),
    "other_society": ("off", "away"),
    "non_member": ("off", "dash"),
    "public_domain": ("off", "dash"),
    "unknown": ("wait", "look"),
}


# ── amounts, dates, titles ──────────────────────────────────────────────────────────────────────────────────────────────


@register.filter
def money(micros: int | Decimal | None, currency: str) -> str:
    return wording.money(micros, currency)


@register.filter
def micros(amount: int | Decimal | None, currency: str) -> str:
    return wording.exact_money(amount, currency)


@register.filter
def short_money(micros: int | Decimal, currency: str) -> str:
    return wording.short_money(micros, currency)


@register.filter
def share(part: wording.HasFraction | None) -> str:
    return wording.share(part)


@register.filter
def percent(part: wording.HasFraction) -> str:
    return wording.percent(part)


@register.filter
def count(number: int | Decimal | None) -> str:
    return wording.count(number)


@register.filter
def month(date: dt.date | None) -> str:
    return wording.month(date)


@register.filter
def day(date: dt.date | None) -> str:
    return wording.day(date)


@register.filter
def moment(at: dt.datetime | None) -> str:
    return wording.moment(at)


@register.filter
def said(notice: Notice) -> str:
    return notice.text


@register.filter
def lang_span(text: object, script: str = "") -> SafeString:
    """A title or name in its own language, so that glyphs and a screen reader's voice are right."""
    words = str(text)
    language = LANGUAGE_OF_SCRIPT.get(script or wording.script_of(words), "")
    if not language or language == html_lang(get_language() or ""):
        return format_html("{}", words)
    return format_html('<span lang="{}">{}</span>', language, words)


@register.filter
def html_lang(code: str) -> str:
    """Django's zh-hans as HTML writes it: zh-Hans."""
    primary, _hyphen, script = code.partition("-")
    return f"{primary}-{script.title()}" if script else primary


def _roles(context: Context) -> frozenset[str]:
    """The reader's roles; error pages may have no context at all."""
    roles: frozenset[str] = context.get("roles") or frozenset()
    return roles


# ── parts ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@register.simple_tag
def icon(name: str) -> SafeString:
    return icons.icon(name)


@register.inclusion_tag("parts/status.html")
def status(code: str, label: str | Promise) -> dict[str, Any]:
    """A state as word, icon and colour. An unknown code is plain, never a failure: it may be newer than this table."""
    tone, icon_name = STATUSES.get(code, ("off", "dash"))
    return {"tone": tone, "icon": icons.icon(icon_name), "label": label}


@register.inclusion_tag("parts/field.html")
def field(bound: BoundField) -> dict[str, Any]:
    """Label, hint, error and input of one form field, tied together for a screen reader."""
    return {"field": bound}


@register.inclusion_tag("parts/menu.html", takes_context=True)
def menu_entries(context: Context) -> dict[str, Any]:
    """The menu of the reader's roles, with the entry of this page marked."""
    request = context.get("request")
    here: str = request.path if request else ""
    home = reverse("home")
    found = [(reverse(entry.url_name), entry) for entry in menu.entries_for(_roles(context))]
    above = [url for url, _entry in found if here == url or (url != home and here.startswith(url))]
    current = max(above, key=len, default="")
    return {
        "items": [
            {"url": url, "label": entry.label, "icon": icons.icon(entry.icon), "current": url == current}
            for url, entry in found
        ]
    }


@register.simple_tag(takes_context=True)
def frame(context: Context) -> str:
    return menu.frame_for(_roles(context))


@register.simple_tag(takes_context=True)
def language_choices(context: Context) -> list[dict[str, Any]]:
    """The languages one may switch to, each in its own name. A service's contact is never shown Korean."""
    contact_only = _roles(context) == {Role.SERVICE_CONTACT}
    current = get_language()
    return [
        {
            "code": code,
            "html": html_lang(code),
            "name": get_language_info(code)["name_local"],
            "current": code == current,
        }
        for code, _name in settings.LANGUAGES
        if not (contact_only and code == "ko")
    ]


# ── pictures, each with its table ───────────────────────────────────────────────────────────────────────────────────────


def _chart(picture: SafeString, title: str, rows: Sequence[tuple[Any, ...]], *, legend: bool = False) -> dict[str, Any]:
    return {"picture": picture, "title": title, "rows": rows, "legend": legend}


@register.inclusion_tag("parts/chart.html")
def share_ring(slices: Sequence[svg.Slice], title: str = "", description: str = "") -> dict[str, Any]:
    name = title or _("Who owns what")
    rows = [(piece.label, wording.share(piece.part), f"ring-{piece.kind}") for piece in slices]
    return _chart(svg.share_ring(slices, title=name, description=description), name, rows, legend=True)


@register.inclusion_tag("parts/chart.html")
def bars(values: Sequence[svg.Bar], title: str, description: str = "") -> dict[str, Any]:
    rows = [(bar.label, bar.text, "") for bar in values]
    return _chart(svg.bars(values, title=title, description=description), title, rows)


@register.inclusion_tag("parts/chart.html")
def waterfall(steps: Sequence[svg.Step], title: str, description: str = "") -> dict[str, Any]:
    rows = [(step.label, step.text, "") for step in steps]
    return _chart(svg.waterfall(steps, title=title, description=description), title, rows)


@register.inclusion_tag("parts/chart.html")
def stacked_bar(parts: Sequence[svg.Part], title: str, description: str = "") -> dict[str, Any]:
    rows = [(part.label, part.text, f"part-{part.kind}") for part in parts]
    return _chart(svg.stacked_bar(parts, title=title, description=description), title, rows, legend=True)


@register.simple_tag
def stage_bar(done: int, total: int, title: str) -> SafeString:
    return svg.progress_bar(done, total, title=title)
