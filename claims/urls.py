from __future__ import annotations

from django.urls import path

from claims import views

app_name = "claims"
urlpatterns = [
    path("", views.list_cases, name="list"),
    path("work/<str:ref>/", views.file_share, name="file_share"),
    path("song/<str:ref>/", views.file_song, name="file_song"),
    path("<str:ref>/", views.show_case, name="detail"),
    path("<str:ref>/papers/", views.add_paper, name="add_paper"),
    path("<str:ref>/papers/<uuid:uuid>/", views.download_paper, name="paper"),
    path("<str:ref>/messages/", views.add_message, name="add_message"),
    path("<str:ref>/return/", views.return_papers, name="return_papers"),
    path("<str:ref>/accept/", views.accept_papers, name="accept_papers"),
    path("<str:ref>/close/", views.close_case, name="close"),
    path("<str:ref>/withdraw/", views.withdraw_case, name="withdraw"),
]
