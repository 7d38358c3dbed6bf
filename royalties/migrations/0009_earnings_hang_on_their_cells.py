"""An earning's run, work and party are those of its cell, which check_ledger compares; its indexes begin with what is asked for."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("royalties", "0008_lines_are_found_by_number"),
        ("works", "0006_an_upload_is_registered_work_by_work"),
    ]

    operations = [
        migrations.AlterField(
            model_name="earning",
            name="party",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="earnings",
                to="works.party",
            ),
        ),
        migrations.AlterField(
            model_name="earning",
            name="pool",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="earnings",
                to="royalties.pool",
            ),
        ),
        migrations.AlterField(
            model_name="earning",
            name="run",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="earnings",
                to="royalties.distributionrun",
            ),
        ),
        migrations.AlterField(
            model_name="earning",
            name="song_usage",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="earnings",
                to="royalties.songusage",
            ),
        ),
        migrations.AlterField(
            model_name="earning",
            name="work",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="earnings",
                to="works.work",
            ),
        ),
    ]
