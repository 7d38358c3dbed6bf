from __future__ import annotations

from django.urls import path

from works import views

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
    path("<str:ref>/", views.show_work, name="detail"),
]
