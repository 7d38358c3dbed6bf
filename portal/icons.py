"""The portal's own line icons on a 24 × 24 grid. An icon always stands beside a word, so it is hidden from readers."""

from __future__ import annotations

from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString

PATHS: Final[dict[str, str]] = {
    "home": "M4 11 12 4l8 7v9h-5v-6H9v6H4z",
    "song": "M9 18V6l10-2v12 M9 18a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0z M19 16a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0z",
    "payment": "M3 6h18v12H3z M3 10h18 M7 14h4",
    "case": "M4 5h16v11H9l-5 4z M8 9h8 M8 12h5",
    "bell": "M6 16V11a6 6 0 0 1 12 0v5l2 2H4z M10 21h4",
    "upload": "M12 16V4 M7 9l5-5 5 5 M4 16v4h16v-4",
    "usage": "M5 20V10 M12 20V4 M19 20v-7",
    "report": "M6 3h8l4 4v14H6z M14 3v4h4 M9 12h6 M9 16h6",
    "search": "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13z M15.5 15.5 20 20",
    "money": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z M8 9l4 5 4-5 M8 14h8 M12 14v4",
    "run": "M4 7h11l-3-3 M20 17H9l3 3 M15 7l-3 3 M9 17l3-3",
    "source": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z M3 12h18 M12 3c3 3 3 15 0 18 M12 3c-3 3-3 15 0 18",
    "ledger": "M5 4h12a2 2 0 0 1 2 2v14H7a2 2 0 0 1-2-2z M5 18a2 2 0 0 1 2-2h12 M9 8h6 M9 12h6",
    "history": "M4.5 9A8 8 0 1 1 4 13 M4 4v5h5 M12 8v4.5l3 2",
    "person": "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M4 21c0-5 4-7 8-7s8 2 8 7",
    "names": "M4 6h9 M4 12h16 M4 18h6 M17 4v4 M15 6h4",
    "menu": "M4 6h16 M4 12h16 M4 18h16",
    "done": "M5 12.5 10 17 19 7",
    "pause": "M8 5v14 M16 5v14",
    "wait": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z M12 7v5l3 2",
    "scales": "M12 4v16 M7 20h10 M4 8h16 M4 8l-2 6h5z M20 8l-3 6h5z",
    "stop": "M8 3h8l5 5v8l-5 5H8l-5-5V8z M12 8v5 M12 16v.5",
    "look": "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
    "away": "M5 12h14 M13 6l6 6-6 6",
    "cross": "M6 6l12 12 M18 6 6 18",
    "dash": "M6 12h12",
    "mend": "M4 20l1-5L16 4l4 4L9 19z M14 6l4 4",
}


def icon(name: str) -> SafeString:
    """The icon as inline SVG; a name that is not there is a mistake of the caller and fails."""
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="{}"/></svg>', PATHS[name]
    )
