"""Reports, usage, money and statements, for programs: what the pages of royalties show and do."""

from __future__ import annotations

from django.urls import URLPattern

from royalties.api import (
    control,
    duplicates,
    ledger,
    mappings,
    money,
    names,
    reports,
    review,
    runs,
    songs,
    sources,
    standing,
    statements,
    usage,
)

urlpatterns: list[URLPattern] = [
    *sources.urlpatterns,
    *reports.urlpatterns,
    *control.urlpatterns,
    *mappings.urlpatterns,
    *standing.urlpatterns,
    *songs.urlpatterns,
    *review.urlpatterns,
    *duplicates.urlpatterns,
    *usage.urlpatterns,
    *names.urlpatterns,
    *statements.urlpatterns,
    *money.urlpatterns,
    *runs.urlpatterns,
    *ledger.urlpatterns,
]
