"""What people are told inside the portal."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext

from portal.lib import wording


class Notice(models.Model):
    """One message to one person, kept as its English sentence and values so that it reads in her language of today."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    sentence = models.TextField()  # an English msgid marked with gettext_noop where it is sent
    params = models.JSONField(default=dict)
    url = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = (models.Index(fields=["user", "-created_at"], name="notice_of_user"),)

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """In the reader's language, with its numbers and months written as everywhere else."""
        values = {name: wording.value(given) for name, given in self.params.items()}
        sentence: str = gettext(self.sentence) % values
        return sentence
