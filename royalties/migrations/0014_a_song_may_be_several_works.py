"""A decision of the review may say that a song is several works, by parts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("royalties", "0013_confirmed_lines_teach_names")]

    operations = [
        migrations.AlterField(
            model_name="staffdecision",
            name="action",
            field=models.CharField(
                choices=[
                    ("accept", "it is this work"),
                    ("divide", "it is several works"),
                    ("reject", "it is not this work"),
                    ("leave_out", "not in our repertoire"),
                    ("repoint", "two works became one"),
                    ("undo", "a decision was taken back"),
                ],
                max_length=10,
            ),
        ),
    ]
