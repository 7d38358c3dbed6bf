"""How the bytes of a form reach the disk: into the folder of stored files, and no more of them than may be stored."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler

from portal.files.copies import PART, DiskIsFull
from portal.lib import disk


class PartFile(TemporaryUploadedFile):
    """An upload on its way. Should its process be killed, sweep_leftovers finds it by its name."""

    def __init__(
        self, name: str | None, content_type: str | None, size: int, charset: str | None, content_type_extra: Any
    ) -> None:
        Path(settings.MEDIA_ROOT).mkdir(parents=True, exist_ok=True)
        file = tempfile.NamedTemporaryFile(suffix=PART, dir=settings.MEDIA_ROOT)  # noqa: SIM115  # Django closes it
        UploadedFile.__init__(self, file, name, content_type, size, charset, content_type_extra)


class StopsAtTheLimit(TemporaryFileUploadHandler):
    """Keeps one byte more than may be stored, so that store_upload sees and says it, and lets the rest go by."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super(TemporaryFileUploadHandler, self).new_file(*args, **kwargs)
        self.file = PartFile(self.file_name, self.content_type, 0, self.charset, self.content_type_extra)
        self.room = settings.UPLOAD_MAX_BYTES + 1

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        try:
            self.file.write(raw_data[: self.room])
        except OSError as error:
            with suppress(OSError):  # what it still holds cannot be written either
                self.file.close()
            if disk.is_full(error):
                raise DiskIsFull from error
            raise
        self.room -= min(self.room, len(raw_data))

    def file_complete(self, file_size: int) -> Any:
        return super().file_complete(min(file_size, settings.UPLOAD_MAX_BYTES + 1))
