from __future__ import annotations

from django.urls import path

from royalties.views import downloads, earnings, ledger, matches, money, names, readings, rematches, reports, review

app_name = "royalties"
urlpatterns = [
    path("reports/", reports.report_list, name="reports"),
    path("reports/new/", reports.upload, name="upload"),
    path("reports/<str:ref>/", reports.report, name="report"),
    path("reports/<str:ref>/progress/", reports.report_progress, name="report_progress"),
    path("reports/<str:ref>/rejected/", reports.report_rejected, name="report_rejected"),
    path("reports/<str:ref>/lines/", reports.report_lines, name="report_lines"),
    path("reports/<str:ref>/settle/", reports.settle_report, name="settle_report"),
    path("reports/<str:ref>/accept/", readings.accept_report, name="accept_report"),
    path("reports/<str:ref>/read-again/", readings.read_again, name="read_again"),
    path("reports/<str:ref>/resume/", reports.resume_report, name="resume_report"),
    path("songs/", matches.unmatched, name="unmatched"),
    path("songs/<str:ref>/", matches.song, name="song"),
    path("songs/<str:ref>/accept/", matches.accept_match, name="accept_match"),
    path("songs/<str:ref>/reject/", matches.reject_match, name="reject_match"),
    path("review/", review.queue, name="review"),
    path("review/decisions/", review.decisions, name="decisions"),
    path("review/decisions/<str:ref>/undo/", review.undo, name="undo_decision"),
    path("review/<str:ref>/", review.song, name="review_song"),
    path("rematches/", rematches.rematches, name="rematches"),
    path("rematches/<str:ref>/", rematches.rematch, name="rematch"),
    path("rematches/<str:ref>/apply/", rematches.apply_rematch, name="apply_rematch"),
    path("rematches/<str:ref>/undo/", rematches.undo_rematch, name="undo_rematch"),
    path("usage/", earnings.usage, name="usage"),
    path("usage/<str:ref>/", earnings.work, name="work"),
    path("usage/<str:ref>/names/", names.work_names, name="work_names"),
    path("parties/<str:ref>/names/", names.party_names, name="party_names"),
    path("statements/", earnings.statements, name="statements"),
    path("statements/<str:ref>/", earnings.statement, name="statement"),
    path("statements/<str:ref>/earnings.csv", downloads.earnings, name="statement_csv"),
    path("statements/<str:ref>/songs/<str:work_ref>/", earnings.statement_song, name="statement_song"),
    path("statements/<str:ref>/earnings/<int:earning_id>/", earnings.earning_lines, name="earning_lines"),
    path("remittances/", money.remittances, name="remittances"),
    path("remittances/<str:ref>/accept/", money.accept_difference, name="accept_difference"),
    path("runs/", money.runs, name="runs"),
    path("runs/<str:ref>/", money.run, name="run"),
    path("ledger/", ledger.ledger, name="ledger"),
    path("ledger/check/", ledger.check, name="ledger_check"),
    path("ledger/<int:number>/", ledger.movement, name="movement"),
    path("sources/", money.sources, name="sources"),
]
