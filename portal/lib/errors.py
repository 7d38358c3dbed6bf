"""What can be foreseen to go wrong, said so that a person can act on it.

Every anticipated failure is a subclass declared beside what raises it. `portal.middleware` turns one into a page,
`portal.rest.errors` into JSON, and commands print it; anything else is a bug and is logged as one.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.utils.functional import Promise

TOO_MUCH: Final = 429


class DomainError(Exception):
    """A failure with a stable code, a sentence for the person and what to do next.

    `sentence` and `remedy` are lazy translations with named placeholders, filled from the keyword arguments, so that
    the words are chosen in the reader's language and not in the raiser's.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    sentence: ClassVar[str | Promise] = ""
    remedy: ClassVar[str | Promise] = ""

    def __init__(self, **params: Any) -> None:
        self.params = params
        super().__init__(self.code, params)

    def __str__(self) -> str:
        return f"{self.message} {self.advice}" if self.remedy else self.message

    @property
    def message(self) -> str:
        """The sentence, filled, in the reader's language."""
        return str(self.sentence) % self.params if self.params else str(self.sentence)

    @property
    def advice(self) -> str:
        """What to do next, filled, in the reader's language; empty when there is nothing to do."""
        return str(self.remedy) % self.params if self.params else str(self.remedy)

    @property
    def headers(self) -> dict[str, str]:
        """What an answer says beside it: of too much, after how many seconds (a parameter of the error) to come again."""
        return {"Retry-After": str(self.params["seconds"])} if self.status == TOO_MUCH else {}


class Passing(DomainError):
    """Something that is needed has no room or does not answer just now. A person tries again later; a job does so by itself."""

    status = 503


class NotAllowed(DomainError):
    """Somebody tried what their role may not do on an object they may see."""

    code = "not-allowed"
    status = 403
