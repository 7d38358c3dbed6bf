from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import override

from portal import messages


class Command(BaseCommand):
    help = "Collects the sentences of code and templates into portal/locale and compiles them."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail if a language lacks a sentence")

    def handle(self, *_args: Any, **options: Any) -> None:
        found = messages.sentences(settings.BASE_DIR)
        languages = [code for code, _name in settings.LANGUAGES if code != "en"]
        with override(None):
            if not options["check"]:
                for language in languages:
                    messages.update_catalogue(language, found)
            wrong = [f"{code}: {problem}" for code in languages for problem in messages.problems(code, found)]
        for line in wrong:
            self.stderr.write(line)
        if wrong and options["check"]:
            raise CommandError(f"{len(wrong)} translations to mend: run manage.py messages and fill in portal/locale.")
        self.stdout.write(f"{len(found)} sentences, {len(wrong)} translations to mend.")
