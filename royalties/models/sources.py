"""Who reports, where songs were used, and what their money means."""

from __future__ import annotations

from fractions import Fraction

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from royalties.querysets import SourceQuerySet


class Service(models.TextChoices):
    """Where a song was used, which is not who paid."""

    QQ = "qq", _("QQ Music")
    KUGOU = "kugou", _("Kugou")
    KUWO = "kuwo", _("Kuwo")
    WESING = "wesing", _("WeSing")
    KUGOU_KARAOKE = "kugou_k", _("Kugou Karaoke")
    KUGOU_LIVE = "kugou_live", _("Kugou Live")
    AITING = "aiting", _("Aiting")
    OTHER = "other", _("another service")


class Basis(models.TextChoices):
    """What the money of a line means (architecture.md, the money model). Declared and dated, never assumed."""

    WHOLE = "whole", _("WHOLE: for the whole of the work")
    CLAIMED = "claimed", _("CLAIMED: already cut down to our claim")
    NAMED = "named", _("NAMED: per interested party")
    LUMP = "lump", _("LUMP: one sum for several reports")
    USAGE = "usage", _("USAGE: no money yet")
    RECORDING = "record", _("RECORDING: for the recording, not for words and music")


class Source(models.Model):
    """Whoever sends reports or money. `id_space` is shared by services that number songs alike (中央曲库ID)."""

    code = models.SlugField(max_length=20, unique=True)
    name = models.CharField(max_length=100)
    id_space = models.CharField(max_length=20)
    currency = models.CharField(max_length=3, default="CNY")
    organisation = models.ForeignKey(
        "accounts.Organisation",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="sources",
    )

    objects = SourceQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class SourceProfile(models.Model):
    """From a day on, what the money of this source's lines means, in words and as a basis. An empty family means all."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="profiles")
    family = models.CharField(max_length=20, blank=True)
    basis = models.CharField(max_length=8, choices=Basis.choices)
    from_date = models.DateField()
    note = models.TextField()  # who declared it and on what paper
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["source", "family", "from_date"],
                name="one_basis_begins_on_a_day",
            ),
        )

    def __str__(self) -> str:
        return f"{self.source} {self.family or '*'} {self.basis} {self.from_date}"


class KaraokePrice(models.Model):
    """From a usage month on, what one use of the words and one of the music costs by contract, in the source's currency.

    The one amount of a karaoke song is cut by it (royalties.prices). It is never changed; a later one follows it.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="karaoke_prices")
    from_date = models.DateField()  # first day of a month
    words_price = models.DecimalField(max_digits=20, decimal_places=10)
    music_price = models.DecimalField(max_digits=20, decimal_places=10)
    note = models.TextField()  # on what paper
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["source", "from_date"], name="one_karaoke_price_begins_on_a_day"),
            models.CheckConstraint(
                condition=Q(words_price__gt=0, music_price__gt=0), name="words_and_music_have_a_price"
            ),
        )

    def __str__(self) -> str:
        return f"{self.source} {self.words_price.normalize():f} : {self.music_price.normalize():f} {self.from_date}"


class Mapping(models.Model):
    """What the columns of a source's files mean, said by staff: a version, never changed. A later one supersedes it.

    Its name is the family of the reports that it reads. `columns`: meaning → columns, each the key of its header and its
    number among those of that name. `constants`: what no column says: service, territory, currency. `numbers`: keys of
    styles.NUMBER_STYLES. `totals`: words of total rows. `services`: names of platforms → Service.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="mappings")
    name = models.CharField(max_length=20)
    version = models.PositiveSmallIntegerField(default=1)
    headers = models.JSONField()  # as the file wrote them for which it was made
    header_line = models.PositiveSmallIntegerField()
    fingerprint = models.CharField(max_length=64)  # see mapped.fingerprint_of
    columns = models.JSONField()
    constants = models.JSONField(default=dict)
    numbers = models.JSONField(default=list)
    totals = models.JSONField(default=list)
    services = models.JSONField(default=dict)
    basis = models.CharField(max_length=8, choices=Basis.choices, blank=True)  # a hint: what is declared decides
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["source", "name", "version"], name="mapping_has_a_version_once"),
            models.UniqueConstraint(
                fields=["source", "name"],
                condition=Q(superseded_at__isnull=True),
                name="one_version_of_a_mapping_stands",
            ),
        )

    def __str__(self) -> str:
        return f"{self.source} {self.name} {self.version}"


class RightSplit(models.Model):
    """From a usage month on, how a source's money divides over the rights: three numerators over one denominator."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="right_splits")
    from_date = models.DateField()
    performing = models.IntegerField()
    mechanical = models.IntegerField()
    synchronisation = models.IntegerField(default=0)
    denominator = models.IntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["source", "from_date"], name="one_right_split_begins_on_a_day"),
            models.CheckConstraint(
                condition=Q(
                    performing__gte=0,
                    mechanical__gte=0,
                    synchronisation__gte=0,
                    denominator__gt=0,
                )
                & Q(denominator=F("performing") + F("mechanical") + F("synchronisation")),
                name="rights_make_the_whole",
            ),
        )

    def __str__(self) -> str:
        return f"{self.source} {self.performing}:{self.mechanical}:{self.synchronisation} {self.from_date}"

    def fractions(self) -> dict[str, Fraction]:
        """Right → its exact part of the money; rights without money are left out."""
        parts = {"performing": self.performing, "mechanical": self.mechanical, "synchronisation": self.synchronisation}
        return {right: Fraction(part, self.denominator) for right, part in parts.items() if part}
