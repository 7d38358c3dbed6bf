"""The words of the portal: which sentences the code and the templates hold, and whether every language has them.

Babel reads and writes the catalogues, so no GNU gettext has to be installed. English needs no catalogue: the sentence in
the code is the English one.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

SOURCES: Final = ("portal", "works", "royalties", "claims")
TEMPLATES: Final = "templates"
KEYWORDS: Final = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
PLACEHOLDER: Final = re.compile(r"%\(\w+\)[a-z]|%%")
HANGUL: Final = re.compile("[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]")
# A Korean particle depends on how the word before it ends (은/는, 이/가, 을/를, 으로/로), which a placeholder hides.
PARTICLE: Final = re.compile(r"%\(\w+\)s[”’)]?(은|는|이|가|을|를|과|와|으로|로|이라|예요|이에요)(?![가-힣])")
HEADER: Final = """# {language} for Garak. Written by `manage.py messages`; fill in the empty lines and run it again.
msgid ""
msgstr ""
"Language: {locale}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""
Key = tuple[str | None, str]


def sentences(base: Path) -> Catalog:
    """Every sentence marked for translation under `base`, in the code and in the templates."""
    catalog = Catalog()
    for path in _code_files(base):
        _add(catalog, path.read_bytes())
    for path in sorted((base / TEMPLATES).rglob("*")):
        if path.suffix in {".html", ".txt"}:
            _add(catalog, _as_code(path))
    return catalog


def catalogue_path(language: str) -> Path:
    return Path(settings.LOCALE_PATHS[0]) / to_locale(language) / "LC_MESSAGES" / "django.po"


def read_catalogue(language: str) -> Catalog:
    path = catalogue_path(language)
    if not path.exists():
        return Catalog(locale=to_locale(language))
    with path.open("rb") as lines:
        return read_po(lines, locale=to_locale(language))


def update_catalogue(language: str, found: Catalog) -> Catalog:
    """Take in new sentences, drop those that are gone, write the .po file and compile it. Never guesses a translation."""
    catalog = read_catalogue(language)
    catalog.update(found, no_fuzzy_matching=True)
    path = catalogue_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = io.BytesIO()
    write_po(written, catalog, width=120, no_location=True, omit_header=True, sort_output=True, ignore_obsolete=True)
    header = HEADER.format(language=dict(settings.LANGUAGES)[language], locale=to_locale(language))
    path.write_bytes(header.encode() + written.getvalue())
    compile_catalogue(language)
    return catalog


def compile_catalogue(language: str) -> None:
    with catalogue_path(language).with_suffix(".mo").open("wb") as compiled:
        write_mo(compiled, read_catalogue(language))


def problems(language: str, found: Catalog) -> Iterator[str]:
    """What is wrong with one language: a sentence missing, empty, doubtful or with other placeholders than the English."""
    catalog = read_catalogue(language)
    for message in found:
        if not message.id:
            continue
        translated = catalog.get(_first(message.id), message.context)
        if translated is None:
            yield f"missing: {_first(message.id)!r}"
        elif not all(_forms(translated.string)):
            yield f"not translated: {_first(message.id)!r}"
        elif translated.fuzzy:
            yield f"marked as doubtful (fuzzy): {_first(message.id)!r}"
        else:
            yield from _wrong_words(language, message, translated)


def _wrong_words(language: str, message: Message, translated: Message) -> Iterator[str]:
    wanted = {word for form in _forms(message.id) for word in PLACEHOLDER.findall(form)}
    for form in _forms(translated.string):
        if set(PLACEHOLDER.findall(form)) != wanted:
            yield f"other placeholders than {sorted(wanted)}: {form!r}"
        if language != "ko" and HANGUL.search(form):
            yield f"Korean letters: {form!r}"
        if language == "ko" and PARTICLE.search(form):
            yield f"a particle stands after a placeholder: {form!r}"


def _code_files(base: Path) -> Iterator[Path]:
    for room in SOURCES:
        for path in sorted((base / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def _add(catalog: Catalog, code: bytes) -> None:
    for _line, words, _comments, context in extract("python", io.BytesIO(code), KEYWORDS):
        catalog.add(words, context=context)


def _as_code(path: Path) -> bytes:
    """A template as Python calls of gettext; indentation means nothing in it and would only confuse a Python reader."""
    calls = templatize(path.read_text(encoding="utf-8"), origin=str(path))
    return "\n".join(line.strip() for line in calls.splitlines()).encode()


def _first(words: str | list[str] | tuple[str, ...]) -> str:
    return words if isinstance(words, str) else words[0]


def _forms(words: str | list[str] | tuple[str, ...] | None) -> list[str]:
    return [words or ""] if words is None or isinstance(words, str) else list(words)
