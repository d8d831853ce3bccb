"""An application that is not there until somebody needs it.

Owns the moment: it builds its application in a thread, on the first request or when told to ``warm``, keeps
the application's lifespan in a task of its own, and hands requests on. Knows neither Gradio (whose import
takes 5 to 7 s) nor FastAPI; both are somebody's ``build``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import EngineError
from core.wording import explain_error

_log = logging.getLogger(__name__)

RETRY_AFTER_S = 5

_Result = TypeVar("_Result")


class Lazy:
    """An ASGI application that is built once, later.

    A build that fails answers 503 to those who wait for it; the next request tries again.
    """

    def __init__(self, build: Callable[[], Starlette], *, name: str) -> None:
        self._build = build
        self._name = name
        self._opening: asyncio.Task[ASGIApp] | None = None
        self._life: asyncio.Task[None] | None = None
        self._end = asyncio.Event()

    @property
    def is_built(self) -> bool:
        """Whether a request would be answered without waiting."""
        task = self._opening
        return task is not None and task.done() and not task.cancelled() and task.exception() is None

    async def warm(self) -> None:
        """Build it now, unless that was done; a failure is in the log and not raised."""
        with contextlib.suppress(Exception):
            await self._open()

    async def close(self) -> None:
        """Leave the lifespan. Requests from now on get 503."""
        self._end.set()
        if self._life is not None:
            await asyncio.wait({self._life}, timeout=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI demands."""
        try:
            app = await self._open()
        except Exception:  # noqa: BLE001  # logged where it was raised; the visitor gets words
            await _answer_unavailable(scope, receive, send)
            return
        await app(scope, receive, send)

    async def _open(self) -> ASGIApp:
        if self._end.is_set():
            raise EngineError("stopping")
        if self._opening is None or (self._opening.done() and not self.is_built):
            self._opening = asyncio.create_task(self._start(), name=f"open {self._name}")
        # Shielded: the one who asked first may leave, the others still wait for it.
        return await asyncio.shield(self._opening)

    async def _start(self) -> ASGIApp:
        try:
            app = await _run_in_own_thread(self._build, name=f"build {self._name}")
            entered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._life = asyncio.create_task(self._live(app, entered), name=f"lifespan {self._name}")
            await entered
        except Exception:
            _log.exception("%s could not be built", self._name)
            raise
        return app

    async def _live(self, app: Starlette, entered: asyncio.Future[None]) -> None:
        """Enter and leave the lifespan in one task, as the task groups inside it demand."""
        try:
            async with app.router.lifespan_context(app):
                entered.set_result(None)
                await self._end.wait()
        except Exception as error:  # noqa: BLE001  # handed on, or logged
            if not entered.done():
                entered.set_exception(error)
            else:
                _log.exception("%s did not end well", self._name)


async def _run_in_own_thread(work: Callable[[], _Result], *, name: str) -> _Result:
    """Run something long: not in one of the few threads that serve files, and nobody waits for it to end."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_Result] = loop.create_future()

    def finish(result: _Result | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)  # pyright: ignore[reportArgumentType]  # no error, so there is a result
        else:
            future.set_exception(error)

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except Exception as caught:  # noqa: BLE001  # handed to the one who waits
            error = caught
        with contextlib.suppress(RuntimeError):  # the loop is gone: the process is stopping
            loop.call_soon_threadsafe(finish, result, error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await future


async def _answer_unavailable(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        await send({"type": "websocket.close", "code": 1013})
        return
    words = str(explain_error(EngineError("part-unavailable")))
    response = PlainTextResponse(words, 503, {"retry-after": str(RETRY_AFTER_S)})
    await response(scope, receive, send)
