from __future__ import annotations

from django.urls import path

from works import views

app_name = "works"
urlpatterns = [
    path("", views.list_works, name="list"),
    path("catalogue/", views.uploads, name="uploads"),
    path("catalogue/template.csv", views.download_template, name="template"),
    path("catalogue/<str:ref>/", views.show_upload, name="upload"),
    path("catalogue/<str:ref>/progress/", views.upload_progress, name="upload_progress"),
    path("<str:ref>/", views.show_work, name="detail"),
]
