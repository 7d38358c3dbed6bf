from __future__ import annotations

from django.urls import path

from works import name_views, views

app_name = "works"
urlpatterns = [
    path("", views.list_works, name="list"),
    path("catalogue/", views.uploads, name="uploads"),
    path("catalogue/template.csv", views.download_template, {"extension": "csv"}, name="template"),
    path("catalogue/template.xlsx", views.download_template, {"extension": "xlsx"}, name="template_xlsx"),
    path("catalogue/<str:ref>/", views.show_upload, name="upload"),
    path("catalogue/<str:ref>/progress/", views.upload_progress, name="upload_progress"),
    path("catalogue/<str:ref>/to-mend.csv", views.download_rows_to_mend, {"extension": "csv"}, name="to_mend_csv"),
    path("catalogue/<str:ref>/to-mend.xlsx", views.download_rows_to_mend, {"extension": "xlsx"}, name="to_mend_xlsx"),
    path("names/", name_views.list_names, name="names"),
    path("names/export.csv", name_views.export_names, name="names_csv"),
    path("names/import/", name_views.import_file, name="names_import"),
    path("names/import/<str:ref>/", name_views.show_names_upload, name="names_upload"),
    path("names/import/<str:ref>/progress/", name_views.names_upload_progress, name="names_upload_progress"),
    path("names/import/<str:ref>/to-mend.csv", name_views.download_names_to_mend, name="names_to_mend"),
    path("names/disputes/", name_views.list_disputes, name="disputes"),
    path("names/<str:number>/", name_views.show_name, name="name"),
    path("names/<str:number>/dispute/", name_views.dispute, name="dispute_name"),
    path("names/<str:number>/settle/", name_views.settle, name="settle_dispute"),
    path("names/<str:number>/withdraw/", name_views.withdraw, name="withdraw_name"),
    path("parties/<str:ref>/", name_views.show_party, name="party"),
    path("parties/<str:ref>/names/", name_views.add_to_party, name="add_party_name"),
    path("<str:ref>/", views.show_work, name="detail"),
    path("<str:ref>/names/", name_views.add_to_work, name="add_name"),
]
