"""What waits for somebody: a number, words, and the page where it is done. Nothing to do is left out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    number: int
    label: str
    url_name: str
    query: str = ""


def waiting(*tasks: Task) -> list[Task]:
    return [task for task in tasks if task.number]
