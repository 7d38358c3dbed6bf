"""What is written for every new song stands in no more indexes than are asked, and sums are proved at once (see SongUsage)."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("royalties", "0009_earnings_hang_on_their_cells"),
    ]

    operations = [
        # Made by Django for LIKE, which the unique indexes serve as well: the database sorts texts by their bytes.
        migrations.RunSQL("DROP INDEX royalties_reportedrecording_ref_6fa10dc1_like", migrations.RunSQL.noop),
        migrations.RunSQL("DROP INDEX royalties_reportedrecording_key_751c4d4c_like", migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="matchwork",
            name="match",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="works", to="royalties.match"
            ),
        ),
        migrations.AlterField(
            model_name="songusage",
            name="recording",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="usages",
                to="royalties.reportedrecording",
            ),
        ),
        migrations.AlterField(
            model_name="songusage",
            name="report",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="song_usages",
                to="royalties.report",
            ),
        ),
    ]
