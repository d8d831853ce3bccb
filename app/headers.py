"""What every answer carries: the browser's orders to keep a page to itself.

Owns the security headers and the last answer of all, a 500 that says nothing but a reference number. Knows
neither Streamlit nor Gradio; both work under this policy, which a browser test watches.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.engine.job_log import log_failure
from core.errors import JobFailedError
from core.wording import explain_error

_OTHERS = ("asyncio", "gradio", "gradio.route_utils", "uvicorn.error")
"""Loggers of libraries that write down the text of exceptions. A filter does not reach a logger's children."""

REFERENCE = "vitrine.reference"
"""Where a request's scope carries the number under which the log will name its failure."""

_POLICY = {
    "default-src": "'self'",
    # Both front ends start from inline scripts; Streamlit's charts and Gradio's handlers compile functions.
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "media-src": "'self' data: blob:",
    "connect-src": "'self' ws: wss: data: blob:",
    "worker-src": "'self' blob:",
    "frame-src": "'self' blob: data:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}


def build_headers(embed_origins: Iterable[str]) -> dict[str, str]:
    """Return the headers; ``embed_origins`` are the sites that may show Vitrine in a frame."""
    ancestors = " ".join(("'self'", "https://huggingface.co", *embed_origins))
    policy = "; ".join(f"{name} {value}" for name, value in {**_POLICY, "frame-ancestors": ancestors}.items())
    return {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        # With "no-referrer" a browser calls the origin of our own forms "null", which the gate refuses.
        "referrer-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
    }


class SecurityHeaders:
    """Adds the headers to every answer, also to that of a server that failed, and takes CORS headers away."""

    def __init__(self, app: ASGIApp, embed_origins: Iterable[str]) -> None:
        self._app = app
        self._headers = build_headers(embed_origins)
        for name in _OTHERS:
            logging.getLogger(name).addFilter(drop_exception_text)  # twice does no harm

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI demands."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        reference = secrets.token_hex(4)
        scope = {**scope, REFERENCE: reference}
        has_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_begun
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                has_begun = True
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                # Nothing here answers a page of another origin, whatever a library thinks.
                for name in [name for name in headers if name.startswith("access-control-")]:
                    del headers[name]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001  # logged; the visitor gets a number
            log_failure(error, f"request {reference}")
            if scope["type"] == "http" and not has_begun:
                await answer_unexpected(Request(scope), None)(scope, receive, send_with_headers)


def drop_exception_text(record: logging.LogRecord) -> bool:
    """Let a line of a library's log pass without the text of its exception, which can quote a visitor."""
    if record.exc_info:
        kind = record.exc_info[0]
        record.msg = f"{record.getMessage().strip()} ({kind.__qualname__ if kind else 'no exception'})"
        record.args = record.exc_info = record.exc_text = None
    return True


def answer_unexpected(request: Request, _error: Exception | None) -> Response:
    """Return the answer to a request that failed as nobody thought of: words, and a number for the log."""
    reference = request.scope.get(REFERENCE, "-")
    words = explain_error(JobFailedError("unexpected-reference", reference=reference))
    return PlainTextResponse(str(words), 500)
