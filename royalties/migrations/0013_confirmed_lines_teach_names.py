"""A confirmed line teaches how a service writes a title or an artist; what it taught can be taken back with it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("royalties", "0012_songs_are_found_by_two_letters"),
        ("works", "0009_titles_are_found_by_two_letters"),
    ]

    operations = [
        migrations.CreateModel(
            name="Lesson",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(max_length=300)),
                ("is_new", models.BooleanField()),
                (
                    "decision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lessons",
                        to="royalties.staffdecision",
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="works.party"
                    ),
                ),
                (
                    "work",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="works.work"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("party__isnull", True), ("work__isnull", False)),
                            models.Q(("party__isnull", False), ("work__isnull", True)),
                            _connector="OR",
                        ),
                        name="a_lesson_is_about_a_work_or_a_performer",
                    )
                ],
            },
        ),
    ]
