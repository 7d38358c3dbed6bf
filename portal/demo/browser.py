"""The upload form as a person uses it, over HTTP: sign in, send a file."""

from __future__ import annotations

import http.cookiejar
import re
import secrets
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Final

from django.urls import reverse

FIELD: Final = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
TIMEOUT_SECONDS: Final = 60


class FormRefused(RuntimeError):
    """The portal answered a form with the form again (or with an error page)."""


class Visitor:
    """One signed-in session against a running portal."""

    def __init__(self, base_url: str) -> None:
        if not base_url.startswith("http://127.0.0.1:"):
            raise ValueError("the demo only speaks to this machine")
        self.base_url = base_url.rstrip("/")
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar)

    def get(self, path: str) -> str:
        with self.opener.open(self.base_url + path, timeout=TIMEOUT_SECONDS) as response:
            return str(response.read().decode("utf-8"))

    def _token(self, path: str) -> str:
        found = FIELD.search(self.get(path))
        if not found:
            raise FormRefused(f"no form on {path}")
        return found.group(1)

    def _post(self, path: str, body: bytes, content_type: str) -> str:
        request = urllib.request.Request(
            self.base_url + path,
            data=body,
            headers={"Content-Type": content_type, "Referer": self.base_url + path},
        )
        with self.opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            where = urllib.parse.urlsplit(response.url).path
        if where == path:
            raise FormRefused(f"the form on {path} was not accepted")
        return str(where)

    def sign_in(self, email: str, password: str) -> None:
        path = reverse("account_login")
        form = {
            "csrfmiddlewaretoken": self._token(path),
            "login": email,
            "password": password,
        }
        self._post(
            path,
            urllib.parse.urlencode(form).encode(),
            "application/x-www-form-urlencoded",
        )

    def send_form(self, path: str, fields: dict[str, str], file_field: str, file: Path) -> str:
        """Submit a form with a file; returns the path the portal led to."""
        boundary = secrets.token_hex(16)
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in {
                "csrfmiddlewaretoken": self._token(path),
                **fields,
            }.items()
        ]
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{file_field}"; filename="{file.name}"\r\n'
        parts += [
            head.encode(),
            b"Content-Type: application/octet-stream\r\n\r\n",
            file.read_bytes(),
            f"\r\n--{boundary}--\r\n".encode(),
        ]
        return self._post(path, b"".join(parts), f"multipart/form-data; boundary={boundary}")
