"""Reads a multipart body as a stream: the file to disk under a generated name, the few fields to memory.

The client's file name is never used. Size, number of fields and time are bounded.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from fastapi_service.upload.errors import UploadRefusedError

logger = logging.getLogger(__name__)

FIELDS_MAX = 32
FIELD_MAX_BYTES = 16 * 1024
CUT_FIELDS = ("prompt", "hotwords")  # of a longer one the end is kept
CUT_FIELD_MAX_BYTES = 1024 * 1024
VOICE_FIELDS = ("known_speaker_references", "known_speaker_references[]")  # taken, and not kept
VOICE_FIELD_MAX_BYTES = 4 * 1024 * 1024  # ten seconds of studio sound in base64
OVERHEAD_BYTES = 64 * 1024 + FIELDS_MAX * FIELD_MAX_BYTES + len(CUT_FIELDS) * CUT_FIELD_MAX_BYTES  # beside the file
CHARACTER_MAX_BYTES = 4  # in UTF-8
WRITE_BYTES = 512 * 1024  # written at once
SLOWEST_BYTES_PER_SEC = 2_048  # after the first minute; a slower client only blocks a place
MINUTE_SEC = 60.0

TOO_LARGE = "The file is larger than the {} bytes that are taken."
NO_FORM = "The body must be multipart/form-data with a file in the field `file`."


def boundary_of(content_type: str) -> bytes:
    """The boundary in a Content-Type. Raises UploadRefusedError."""
    kind, options = parse_options_header(content_type[:1_000])
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= 200:
        raise UploadRefusedError(400, "not_multipart", NO_FORM)
    return boundary


class UploadForm:
    """One body. After `read`: `fields` (each name's values in order), the file's `size` and `sha256`."""

    def __init__(self, boundary: bytes, path: Path, file_max_bytes: int) -> None:
        self.fields: dict[str, list[str]] = {}
        self.size = 0
        self.has_file = False
        self._path = path
        self._file_max_bytes = file_max_bytes
        self._hash = hashlib.sha256()
        self._unwritten = bytearray()
        self._name: str | None = None
        self._in_file = False
        self._value = bytearray()
        self._value_bytes = 0  # of the whole field
        self._parts = 0
        self._header = bytearray()
        self._header_value = bytearray()
        self._ended = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._part_begin,
                    "on_header_field": self._header_field,
                    "on_header_value": self._header_data,
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._headers_finished,
                    "on_part_data": self._part_data,
                    "on_part_end": self._part_end,
                    "on_end": self._end,
                },
            )
        except FormParserError:
            raise UploadRefusedError(400, "not_multipart", NO_FORM) from None

    @property
    def sha256(self) -> str:
        """Of the file's bytes, in hex."""
        return self._hash.hexdigest()

    async def read(self, body: AsyncIterator[bytes], idle_sec: float) -> None:
        """Read `body` to its end. Raises UploadRefusedError, OSError when the file cannot be written.

        A client that sends nothing for `idle_sec`, or hardly anything for long, is refused.
        """
        began, came = time.monotonic(), 0
        with self._path.open("xb") as file:
            pieces = aiter(body)
            while True:
                try:
                    async with asyncio.timeout(idle_sec):
                        piece = await anext(pieces, None)
                except TimeoutError:
                    raise UploadRefusedError(408, "too_slow", "The file did not arrive in time.") from None
                if piece is None:
                    break
                came += len(piece)
                if time.monotonic() - began > MINUTE_SEC + came / SLOWEST_BYTES_PER_SEC:
                    raise UploadRefusedError(408, "too_slow", "The file did not arrive in time.")
                if came > self._file_max_bytes + OVERHEAD_BYTES:
                    raise self._too_large()
                self._parse(piece)
                if len(self._unwritten) >= WRITE_BYTES:
                    await asyncio.to_thread(self._write, file)
            await asyncio.to_thread(self._write, file)
        if not self._ended:
            raise UploadRefusedError(400, "bad_multipart", "The body ends in the middle.")

    def _parse(self, piece: bytes) -> None:
        try:
            self._parser.write(piece)
        except FormParserError:
            raise UploadRefusedError(400, "bad_multipart", "The body is no multipart/form-data.") from None

    def _write(self, file: BinaryIO) -> None:
        data = bytes(self._unwritten)
        self._unwritten.clear()
        self._hash.update(data)
        file.write(data)

    def _part_begin(self) -> None:
        self._parts += 1
        if self._parts > FIELDS_MAX:
            raise UploadRefusedError(400, "too_many_fields", f"The body has more than {FIELDS_MAX} fields.")
        self._name, self._in_file = None, False
        self._value.clear()
        self._value_bytes = 0

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_data(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._header_value))
            self._name = options.get(b"name", b"").decode(errors="replace")[:100]
        self._header.clear()
        self._header_value.clear()

    def _headers_finished(self) -> None:
        if self._name is None:
            raise UploadRefusedError(400, "bad_multipart", "A part of the body has no name.")
        self._in_file = self._name == "file"
        if self._in_file:
            if self.has_file:
                raise UploadRefusedError(400, "two_files", "One request takes one file.", "file")
            self.has_file = True

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self.size += end - start
            if self.size > self._file_max_bytes:
                raise self._too_large()
            self._unwritten += data[start:end]
        else:
            self._value += data[start:end]
            self._value_bytes += end - start
            longest = _longest(self._name)
            if self._value_bytes > longest:
                words = f"The field is longer than {longest} bytes."
                raise UploadRefusedError(400, "field_too_long", words, self._name)
            del self._value[:-FIELD_MAX_BYTES]

    def _part_end(self) -> None:
        if not self._in_file and self._name is not None:
            if self._value_bytes > FIELD_MAX_BYTES:
                _end_of_character(self._value)
            if self._name in VOICE_FIELDS:
                self._value.clear()
            try:
                value = self._value.decode()
            except UnicodeDecodeError:
                raise UploadRefusedError(400, "not_text", "A field is no UTF-8 text.", self._name) from None
            self.fields.setdefault(self._name, []).append(value)

    def _end(self) -> None:
        self._ended = True

    def _too_large(self) -> UploadRefusedError:
        return UploadRefusedError(413, "too_large", TOO_LARGE.format(self._file_max_bytes), "file")


def _longest(name: str | None) -> int:
    """Bytes that a field may have."""
    if name in VOICE_FIELDS:
        return VOICE_FIELD_MAX_BYTES
    return CUT_FIELD_MAX_BYTES if name in CUT_FIELDS else FIELD_MAX_BYTES


def _end_of_character(text: bytearray) -> None:
    """Drop what is left of a character that was cut."""
    for _ in range(CHARACTER_MAX_BYTES - 1):
        if text and text[0] & 0b1100_0000 == 0b1000_0000:
            del text[0]
