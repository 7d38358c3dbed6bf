"""Small pictures drawn on the server: share ring, bars, waterfall, stacked bar, progress bar.

Whole numbers in, SVG text out. Every picture has role=img with a title and a description that says what it shows; the
same figures stand in a table beside it (parts/chart.html). There are no style attributes and no scripts, because the
content security policy allows neither: colours are classes of portal.css, geometry is presentation attributes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

RING_TURN: Final = 10_000  # the ring's circumference in its own units, so that no angle is ever computed
RING_GAP: Final = 60
ROOM_FOR_TEXTS: Final = 4  # so many bars may each have its text above


@dataclass(frozen=True)
class Slice:
    """A part of a work: `kind` is ours, other, none (non-member, public domain), unknown or held."""

    label: str
    part: Fraction
    kind: str = "ours"


@dataclass(frozen=True)
class Bar:
    """One bar: its value in whole units of anything, and the text a person reads. `strong` marks the one meant."""

    label: str
    value: int
    text: str
    strong: bool = False


@dataclass(frozen=True)
class Step:
    """A step from gross to net. `kind` is total (stands on the ground) or change (hangs from the step before)."""

    label: str
    value: int
    text: str
    kind: str = "change"


@dataclass(frozen=True)
class Part:
    """A piece of a stacked bar; `kind` chooses colour and pattern: good, wait, bad, off."""

    label: str
    value: int
    text: str
    kind: str = "good"


def share_ring(cells: Sequence[Slice], *, title: str, description: str = "") -> SafeString:
    """A ring of who owns what. Parts below the whole leave a pale rest; parts above it are drawn to their own sum."""
    whole = max(sum((cell.part for cell in cells), Fraction(0)), Fraction(1))
    arcs = []
    start = Fraction(0)
    for cell in cells:
        first, last = _scaled(start, whole, RING_TURN), _scaled(start + cell.part, whole, RING_TURN)
        length = last - first if len(cells) == 1 else max(last - first - RING_GAP, 1)
        arcs.append((_word(cell.kind), length, RING_TURN, -first, cell.label))
        start += cell.part
    drawn = format_html_join(
        "",
        '<circle class="ring-cell ring-{}" cx="60" cy="60" r="46" fill="none" stroke-width="20" pathLength="10000"'
        ' stroke-dasharray="{} {}" stroke-dashoffset="{}" transform="rotate(-90 60 60)"><title>{}</title></circle>',
        arcs,
    )
    rest = format_html('<circle class="ring-rest" cx="60" cy="60" r="46" fill="none" stroke-width="{}"/>', 20)
    return _picture("ring", 120, 120, title, description, rest + drawn)


def bars(values: Sequence[Bar], *, title: str, description: str = "") -> SafeString:
    """Upright bars with their labels below and the strong one's text above; few bars have room for all their texts.

    Values below zero are drawn as zero.
    """
    width, height, ground = 360, 160, 132
    highest = max((bar.value for bar in values), default=0)
    slot = width // max(len(values), 1)
    wide = min(slot * 7 // 10, 64)
    drawn = []
    for place, bar in enumerate(values):
        tall = _length(bar.value, highest, 104)
        left = place * slot + (slot - wide) // 2
        middle = left + wide // 2
        drawn.append(
            format_html(
                '<rect class="bar{}" x="{}" y="{}" width="{}" height="{}" rx="2"><title>{}: {}</title></rect>'
                '<text class="bar-label" x="{}" y="{}" text-anchor="middle">{}</text>',
                *(" bar-strong" if bar.strong else "", left, ground - tall, wide, tall, bar.label, bar.text),
                *(middle, height - 10, bar.label),
            )
        )
        if bar.strong or len(values) <= ROOM_FOR_TEXTS:
            drawn.append(
                format_html(
                    '<text class="bar-value" x="{}" y="{}" text-anchor="middle">{}</text>',
                    *(_kept_inside(middle, bar.text, width), ground - tall - 8, bar.text),
                )
            )
    line = format_html('<line class="axis" x1="0" y1="{0}" x2="{1}" y2="{0}"/>', ground, width)
    return _picture("bars", width, height, title, description, _joined(drawn) + line)


def waterfall(steps: Sequence[Step], *, title: str, description: str = "") -> SafeString:
    """Lying bars from gross to net. Each step is two lines: label and amount, and below them its bar."""
    width, row = 360, 56
    levels = _levels(steps)
    highest = max((max(start, end) for start, end in levels), default=0)
    drawn = []
    for place, (step, (start, end)) in enumerate(zip(steps, levels, strict=True)):
        low, high = sorted((max(start, 0), max(end, 0)))
        begin = _length(low, highest, width)
        long = max(_length(high, highest, width) - begin, 2 if step.value else 0)
        top = place * row
        kind = "total" if step.kind == "total" else "down" if step.value < 0 else "up"
        drawn.append(
            format_html(
                '<text class="bar-label" x="0" y="{}">{}</text>'
                '<text class="bar-value" x="{}" y="{}" text-anchor="end">{}</text>'
                '<rect class="step step-{}" x="{}" y="{}" width="{}" height="16" rx="2"/>',
                *(top + 18, step.label, width, top + 18, step.text, kind, min(begin, width - long), top + 26, long),
            )
        )
    return _picture("waterfall", width, row * max(len(steps), 1), title, description, _joined(drawn))


def stacked_bar(parts: Sequence[Part], *, title: str, description: str = "") -> SafeString:
    """One lying bar cut into its parts; an empty part is left out."""
    width, height = 360, 24
    whole = sum(max(part.value, 0) for part in parts)
    drawn = []
    start = 0
    for part in parts:
        first = _length(start, whole, width)
        start += max(part.value, 0)
        long = _length(start, whole, width) - first
        if part.value > 0:
            drawn.append(
                format_html(
                    '<rect class="part part-{}" x="{}" y="0" width="{}" height="{}"><title>{}: {}</title></rect>',
                    *(_word(part.kind), first, max(long - 2, 1), height, part.label, part.text),
                )
            )
    ground = format_html('<rect class="ground" x="0" y="0" width="{}" height="{}"/>', width, height)
    return _picture("stacked", width, height, title, description, ground + _joined(drawn))


def progress_bar(done: int, total: int, *, title: str, description: str = "") -> SafeString:
    """How far a piece of work is. A total of 0 means not known yet and draws an empty bar."""
    width, height = 360, 12
    long = _length(min(done, total), total, width)
    drawn = format_html('<rect class="ground" width="{}" height="{}" rx="6"/>', width, height) + format_html(
        '<rect class="done" width="{}" height="{}" rx="6"/>', long, height
    )
    return _picture("progress", width, height, title, description, drawn)


def _picture(kind: str, width: int, height: int, title: str, description: str, drawn: SafeString) -> SafeString:
    said = format_html("<desc>{}</desc>", description) if description else ""
    return format_html(
        '<svg class="picture picture-{}" role="img" viewBox="0 0 {} {}" focusable="false"><title>{}</title>{}{}</svg>',
        *(kind, width, height, title, said, drawn),
    )


def _joined(drawn: Sequence[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((item,) for item in drawn))


def _levels(steps: Sequence[Step]) -> list[tuple[int, int]]:
    """Where each step begins and ends, in its own units."""
    found = []
    level = 0
    for step in steps:
        before = 0 if step.kind == "total" else level
        level = before + step.value
        found.append((before, level))
    return found


def _length(value: int, highest: int, room: int) -> int:
    """`value` of `highest` on `room` points; something is never drawn as nothing."""
    if value <= 0 or highest <= 0:
        return 0
    return max(value * room // highest, 1)


def _scaled(part: Fraction, whole: Fraction, turn: int) -> int:
    return round(part / whole * turn)


def _kept_inside(middle: int, text: str, width: int) -> int:
    """Move a centred text so that it does not leave the picture: Hangul and Hanzi are 14 points wide, the rest 9."""
    half = sum(9 if ord(letter) < 0x1100 else 14 for letter in text) // 2
    return min(max(middle, half), max(width - half, half))


def _word(kind: str) -> str:
    """A class name made of one plain word, whatever the caller passed."""
    return "".join(letter for letter in kind if letter.isascii() and (letter.isalnum() or letter == "_"))
