"""A chunk that ends its workers is split, and what cannot be split is given up; a chunk knows who holds it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_tables")]

    operations = [
        migrations.AlterField(
            model_name="chunk",
            name="state",
            field=models.CharField(
                choices=[
                    ("todo", "to do"),
                    ("done", "done"),
                    ("split", "split into smaller ones"),
                    ("given_up", "given up"),
                    ("quarantined", "quarantined"),
                ],
                default="todo",
                max_length=12,
            ),
        ),
        migrations.AddField(model_name="chunk", name="failures", field=models.IntegerField(db_default=0)),
        migrations.AddField(model_name="chunk", name="refusals", field=models.IntegerField(db_default=0)),
        migrations.AddField(model_name="chunk", name="held_by", field=models.IntegerField(null=True)),
        migrations.AddField(
            model_name="chunk",
            name="piece_of",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="pieces", to="jobs.chunk"
            ),
        ),
    ]
