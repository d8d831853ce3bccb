"""How much one request may bring: bytes of a body, parts of a form.

Owns the counting, while the body arrives, with or without a declared length. Knows nothing about what a body
means; the libraries behind it have no limit of their own that covers a whole request.
"""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import InputError
from core.wording import explain_error

MAX_PARTS = 32
"""Parts of one form. The most that any page here sends is one file."""

_ONCE = frozenset({b"content-type", b"content-length"})
"""Headers that come once at most: of two, this layer and the library behind it could each believe another."""


class BodyLimit:
    """Answers 413 as soon as a body is known to be too large; the rest of it is never read.

    A body whose kind or length is given twice is answered with 400, unread.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, max_parts: int = MAX_PARTS) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._max_parts = max_parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI demands."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        once = [name for name, _ in scope["headers"] if name in _ONCE]
        if len(once) > len(set(once)):
            words = str(explain_error(InputError("api-request-unreadable")))
            await PlainTextResponse(words, 400, {"connection": "close"})(scope, receive, send)
            return
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > self._max_bytes:
            await self._refuse(scope, receive, send)
            return
        body = _Body(receive, send, self._max_bytes, _PartCounter(headers, self._max_parts))
        try:
            await self._app(scope, body.receive, body.send)
        except Exception:
            if not body.is_too_large:
                raise
        if body.is_too_large and not body.has_answer_begun:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = InputError("body-too-large", megabytes=self._max_bytes / 2**20, parts=self._max_parts)
        response = PlainTextResponse(str(explain_error(error)), 413, {"connection": "close"})
        await response(scope, receive, send)


class _Body:
    """One request's two channels. Too much looks to the application as if the client had left."""

    def __init__(self, receive: Receive, send: Send, max_bytes: int, parts: _PartCounter) -> None:
        self._receive = receive
        self._send = send
        self._left = max_bytes
        self._parts = parts
        self.is_too_large = False
        self.has_answer_begun = False

    async def receive(self) -> Message:
        """Pass on what arrives, until it is too much."""
        if self.is_too_large:
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] == "http.request":
            chunk = message.get("body", b"")
            self._left -= len(chunk)
            if self._left < 0 or self._parts.is_over(chunk):
                self.is_too_large = True
                return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        """Pass on the answer, unless it is not the application's to give."""
        if self.is_too_large and not self.has_answer_begun:
            return  # whatever the application makes of it, the answer is 413
        self.has_answer_begun = True
        await self._send(message)


class _PartCounter:
    """Counts the parts of a multipart body as it passes, also where a boundary is cut in two."""

    def __init__(self, headers: dict[bytes, bytes], max_parts: int) -> None:
        kind = headers.get(b"content-type", b"")
        boundary = _read_boundary(kind) if kind.lstrip(b" \t")[:10].lower() == b"multipart/" else b""
        self._mark = b"--" + boundary if boundary else b""
        self._tail = b""
        self._left = max_parts + 1  # the last boundary closes the form

    def is_over(self, chunk: bytes) -> bool:
        """Count the boundaries in one more chunk; whether there are now too many."""
        if not self._mark:
            return False
        seen = self._tail + chunk
        self._left -= seen.count(self._mark)
        self._tail = seen[max(0, len(seen) - len(self._mark) + 1) :]
        return self._left < 0


def _read_boundary(kind: bytes) -> bytes:
    """Read the boundary as the parsers behind us do: with the very function that they call."""
    from python_multipart.multipart import parse_options_header  # only forms need it

    return parse_options_header(kind)[1].get(b"boundary", b"")
