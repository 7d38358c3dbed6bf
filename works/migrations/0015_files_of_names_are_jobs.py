"""A file of names is dealt with in the background, and its rows to mend are kept."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

import works.models


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("works", "0014_people_are_found_without_their_rows"),
        ("accounts", "__first__"),
        ("files", "__first__"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="NamesUpload",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=works.models.names_upload_ref, max_length=12, unique=True)),
                ("rows", models.IntegerField()),
                ("added", models.IntegerField(default=0)),
                ("known", models.IntegerField(default=0)),
                ("ended", models.IntegerField(default=0)),
                ("wrong", models.IntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="files.storedfile"
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.organisation"
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="NamesRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row_no", models.IntegerField()),
                ("values", models.JSONField(default=dict)),
                ("problems", models.JSONField(default=list)),
                (
                    "upload",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="row_set",
                        to="works.namesupload",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["upload", "row_no"], name="row_of_names_is_kept_once"),
                ],
            },
        ),
    ]
