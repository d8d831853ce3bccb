"""When the slow things are fetched: after the first visitor has been served, never before.

Owns the moment at which warming up begins and the order of what is warmed. Knows neither models nor demos: it
is handed what to do. Why it waits: importing torch and gradio holds Python's lock for seconds, which the
first screen would feel.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)

QUIET_S = 1.0
"""The first visitor counts as served when nothing was sent for this long."""

LONGEST_WAIT_S = 10.0
"""Warming begins at the latest this long after the start or after the first visit, however busy it is."""

_WATCHERS = frozenset({"/healthz", "/_stcore/health", "/readyz"})
"""Paths that monitors ask, often many times a second; they are no visitors."""


class Traffic:
    """An ASGI layer that notes when something was last sent to a visitor."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.last_sent: float | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI demands."""
        if scope["type"] == "lifespan" or scope["path"] in _WATCHERS:
            if scope.get("path") == "/readyz":  # who asks this wants it to become ready, visitors or not
                self.last_sent = self.last_sent or time.monotonic()
            await self._app(scope, receive, send)
            return

        async def note(message: Message) -> None:
            await send(message)
            self.last_sent = time.monotonic()

        await self._app(scope, receive, note)


async def warm_up(
    get_last_sent: Callable[[], float | None], tasks: Sequence[Callable[[], Awaitable[None]]]
) -> None:
    """Wait until the first visitor was served, or nobody came for a while; then do one after the other."""
    begin = time.monotonic()
    first_sent: float | None = None
    while True:
        await asyncio.sleep(0.1)
        now, last_sent = time.monotonic(), get_last_sent()
        if last_sent is not None:
            first_sent = first_sent or last_sent
            if now - last_sent >= QUIET_S:
                break
        if now - (first_sent or begin) >= LONGEST_WAIT_S:
            break
    for task in tasks:
        try:
            await task()
        except Exception:  # noqa: BLE001  # logged; visitors notice nothing
            _log.exception("warming failed; it is tried again when somebody needs it")
