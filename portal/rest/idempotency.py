"""A write sent twice is done once: the header Idempotency-Key, as programs know it from payments.

The key, the effect and the answer are committed together. A second request with the key waits for the first one's commit and
gets its answer; after a refusal or a failure the key is free again. Keys belong to a person and are forgotten after a day.
Whether that person may still see what the answer shows is asked again each time: a mandate can end within the day.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.db import OperationalError, connection, transaction
from django.http import Http404, QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from psycopg.errors import LockNotAvailable
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.access import signed_in
from portal.lib.errors import DomainError
from portal.rest.models import KeyedAnswer

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
KEY: Final = re.compile("[!-~]{1,255}")
KEPT_FOR: Final = dt.timedelta(hours=24)
WAIT: Final = "SET LOCAL lock_timeout = '10s'"
USUAL_WAIT: Final = "SET LOCAL lock_timeout TO DEFAULT"
CLAIM: Final = """
    INSERT INTO rest_keyedanswer (user_id, key, fingerprint, status, body, created_at)
    VALUES (%s, %s, %s, 0, '', now()) ON CONFLICT (user_id, key) DO NOTHING"""


class KeyMalformed(DomainError):
    code = "idempotency-key-malformed"
    sentence = _("The Idempotency-Key is not one to 255 printable ASCII characters without blanks.")
    remedy = _("Use a random UUID.")


class KeyUsedForAnother(DomainError):
    code = "idempotency-key-used"
    status = 422
    sentence = _("This Idempotency-Key was used for another request. Nothing was done.")
    remedy = _("Use a new key for each thing you want done, and the same key only to send it again.")


class RequestUnderWay(DomainError):
    code = "request-under-way"
    status = 409
    sentence = _("A request with this Idempotency-Key is still being worked on.")
    remedy = _("Wait a little and send it again with the same key.")


Shows = Callable[[Any, str], object]


def answer_once(
    handler: Callable[..., Response], shows: Shows | None, shown_by: str, request: Request, **kwargs: Any
) -> Response:
    """What the handler of a write answers, or what it answered the first time.

    `shows` finds what the answer shows by its field `shown_by`, if the user may see it. Raises KeyMalformed, KeyUsedForAnother,
    RequestUnderWay, what the handler raises, and what `shows` raises where the user may not see it any more.
    """
    key = request.headers[HEADER]
    if not KEY.fullmatch(key):
        raise KeyMalformed
    user, input_now = signed_in(request), fingerprint(request)
    KeyedAnswer.objects.filter(user=user, key=key, created_at__lt=timezone.now() - KEPT_FOR).delete()
    refusal: Exception | None = None
    with transaction.atomic():
        if not _claim(user.pk, key, input_now):
            first = _first_answer(KeyedAnswer.objects.get(user=user, key=key), input_now)
            if shows is not None:
                shows(user, first.data[shown_by])
            return first
        kept = KeyedAnswer.objects.filter(user=user, key=key)
        try:
            response = handler(request, **kwargs)
        except (DomainError, APIException, Http404) as error:  # a refusal keeps what services committed before it
            refusal = error
            kept.delete()
        else:
            kept.update(status=response.status_code, body=JSONRenderer().render(response.data).decode())
    if refusal is not None:
        raise refusal
    return response


def fingerprint(request: Request) -> str:
    """Method, address and input. A form counts by its fields and the bytes of its files: its boundary is new every time."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    data = request.data
    if not isinstance(data, QueryDict):
        digest.update(json.dumps(data, sort_keys=True).encode())
        return digest.hexdigest()
    for name, values in sorted(data.lists()):
        for value in values:
            digest.update(json.dumps([name, _of_part(value)]).encode())
    return digest.hexdigest()


def _of_part(part: Any) -> Any:
    if not isinstance(part, UploadedFile):
        return str(part)
    digest = hashlib.sha256()
    for block in part.chunks():
        digest.update(block)
    part.seek(0)
    return [part.name, digest.hexdigest()]


def _claim(user_id: int, key: str, input_now: str) -> bool:
    """Whether the key is ours; waits while somebody else's request with it is not committed."""
    with connection.cursor() as cursor:
        cursor.execute(WAIT)
        try:
            cursor.execute(CLAIM, [user_id, key, input_now])
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                raise RequestUnderWay from error
            raise
        claimed = bool(cursor.rowcount)
        cursor.execute(USUAL_WAIT)
    return claimed


def _first_answer(kept: KeyedAnswer, input_now: str) -> Response:
    if kept.fingerprint != input_now:
        raise KeyUsedForAnother
    return Response(json.loads(kept.body), status=kept.status, headers={REPLAYED: "true"})


def forget_old_answers() -> int:
    """Delete what is older than a day; returns how many."""
    return KeyedAnswer.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()[0]
