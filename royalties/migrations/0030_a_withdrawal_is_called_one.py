"""The word for it alone changes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("royalties", "0029_reports_are_replaced_corrected_and_withdrawn"),
    ]

    operations = [
        migrations.AlterField(
            model_name="reportdecision",
            name="choice",
            field=models.CharField(
                choices=[
                    ("supplement", "a supplement"),
                    ("replacement", "a replacement"),
                    ("correction", "a correction"),
                    ("aside", "set aside"),
                    ("withdrawal", "withdrawal"),
                ],
                max_length=11,
            ),
        ),
    ]
