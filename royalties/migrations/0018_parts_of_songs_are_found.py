"""Songs that are several works are few: those of which a part is registered by nobody are found among them."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("royalties", "0017_a_song_may_be_the_music_alone")]

    operations = [
        migrations.AddIndex(
            model_name="matchwork",
            index=models.Index(fields=["match"], name="part_of_a_divided_song", condition=Q(denominator__gt=1)),
        ),
    ]
