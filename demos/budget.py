"""How much of the disk all visitors of the demos together may fill.

Owns the counting: what lies in Gradio's folder, and what is on its way there. Gradio itself deletes what is an
hour old, and has no limit on what arrives before.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from core.errors import InputError
from core.wording import explain_error
from gradio.utils import get_upload_folder
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

MAX_FOLDER_BYTES = 200 * 2**20
SMALL_BYTES = 100_000
"""A body up to this large is no file but a press on a button, and passes also when the folder is full."""
LEAST_BYTES = 4096
"""What the smallest file takes on a disk."""
RETRY_AFTER_S = 600
"""Gradio looks this often for files to delete."""


class UploadBudget:
    """Answers 503 to a file for which there is no room, before any of it is read."""

    def __init__(self, app: ASGIApp, max_file_bytes: int, max_folder_bytes: int = MAX_FOLDER_BYTES) -> None:
        self._app = app
        self._max_file_bytes = max_file_bytes
        self._max_folder_bytes = max_folder_bytes
        self._arriving_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI demands."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        # A file can also come inside the body of a press, as a data: address; such a body is large.
        declared = dict(scope["headers"]).get(b"content-length", b"")
        bringing = int(declared) if declared.isdigit() else self._max_file_bytes
        if bringing <= SMALL_BYTES and not scope["path"].rstrip("/").endswith("/upload"):
            await self._app(scope, receive, send)
            return
        lying = await asyncio.to_thread(measure_folder, Path(get_upload_folder()))
        if lying + self._arriving_bytes + bringing > self._max_folder_bytes:
            words = str(explain_error(InputError("uploads-full", minutes=RETRY_AFTER_S // 60)))
            headers = {"retry-after": str(RETRY_AFTER_S), "connection": "close"}
            await PlainTextResponse(words, 503, headers)(scope, receive, send)
            return
        self._arriving_bytes += bringing
        try:
            await self._app(scope, receive, send)
        finally:
            self._arriving_bytes -= bringing


def measure_folder(folder: Path) -> int:
    """Return how many bytes lie in a folder and below; a file that is just being deleted counts nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += max(LEAST_BYTES, os.lstat(Path(parent, name)).st_size)
            except OSError:
                continue
    return total
