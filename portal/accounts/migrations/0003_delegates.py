"""A delegate acts for a songwriter until a date; every membership has a reference and says who gave and who ended it."""

from __future__ import annotations

from typing import Any, ClassVar

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import portal.accounts.models


def fill_references(apps: Any, _schema_editor: Any) -> None:
    memberships = apps.get_model("accounts", "Membership")
    rows = list(memberships.objects.filter(ref=None).only("pk"))
    for row in rows:
        row.ref = portal.accounts.models.membership_ref()
    memberships.objects.bulk_update(rows, ["ref"], batch_size=1000)


def person() -> models.ForeignKey:
    return models.ForeignKey(
        blank=True,
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
    )


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("accounts", "0002_app_role")]
    operations: ClassVar[list[Any]] = [
        migrations.AlterField(
            "membership",
            "role",
            models.CharField(
                choices=[
                    ("songwriter", "songwriter"),
                    ("delegate", "delegate of a songwriter"),
                    ("publisher_super", "publisher, everything"),
                    ("publisher_finance", "publisher, finance"),
                    ("publisher_copyright", "publisher, copyright"),
                    ("staff", "society staff"),
                    ("auditor", "auditor"),
                    ("service_contact", "service contact"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddField("membership", "ref", models.CharField(max_length=12, null=True)),
        migrations.RunPython(fill_references, migrations.RunPython.noop),
        migrations.AlterField(
            "membership",
            "ref",
            models.CharField(default=portal.accounts.models.membership_ref, max_length=12, unique=True),
        ),
        migrations.AddField("membership", "appointed_by", person()),
        migrations.AddField("membership", "mandate", models.CharField(blank=True, max_length=300)),
        migrations.AddField(
            "membership",
            "created_at",
            models.DateTimeField(auto_now_add=True, default=django.utils.timezone.now),
            preserve_default=False,
        ),
        migrations.AddField("membership", "ended_by", person()),
        migrations.AddField("membership", "ended_at", models.DateTimeField(blank=True, null=True)),
        migrations.RemoveConstraint("membership", "membership_is_unique"),
        migrations.RemoveConstraint("membership", "membership_ends_after_it_begins"),
        migrations.AddConstraint(
            "membership",
            models.UniqueConstraint(
                condition=models.Q(until_date__isnull=True) | models.Q(until_date__gt=models.F("from_date")),
                fields=["user", "organisation", "role", "from_date"],
                name="membership_is_unique",
            ),
        ),
        migrations.AddConstraint(
            "membership",
            models.CheckConstraint(
                condition=models.Q(until_date__isnull=True) | models.Q(until_date__gte=models.F("from_date")),
                name="membership_never_ends_before_it_begins",
            ),
        ),
        migrations.AddConstraint(
            "membership",
            models.CheckConstraint(
                condition=~models.Q(role="delegate") | models.Q(until_date__isnull=False),
                name="delegate_has_an_end",
            ),
        ),
    ]
