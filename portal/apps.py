from __future__ import annotations

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        from portal import (
            celery,  # noqa: F401  a bell rung by any process goes to our broker
            checks,  # noqa: F401  importing registers them
        )
