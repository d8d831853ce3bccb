"""From a request over HTTP to an answer of the engine.

Owns the waiting: in threads of its own, so that API clients never take the few threads that serve Streamlit's
files, and only as long as the client is there. Knows no body and no route.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest

from core.engine import Engine
from core.requests import Request
from core.results import Answer

MAX_WAITING = 128
"""More than the engine's queue holds: it is the queue that says no, with words and a time."""

_Result = TypeVar("_Result")


class Jobs:
    """Asks the engine on behalf of HTTP clients."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting = CapacityLimiter(MAX_WAITING)

    async def read(self, work: Callable[[], _Result]) -> _Result:
        """Run something short that would hold up the event loop, such as decoding a picture.

        How many are decoded at the same time is ``core.data.pictures``'s to say, to every entrance alike.
        """
        return await to_thread.run_sync(work, limiter=self._waiting)

    async def answer(self, http: HttpRequest, request: Request) -> Answer:
        """Ask the engine and wait, unless the client leaves: then the job is cancelled.

        Raises:
            ClientDisconnect: nobody is there to be told.
            VitrineError: why there is no answer.
        """
        ticket = self._engine.submit(request)
        work = asyncio.ensure_future(
            to_thread.run_sync(ticket.result, limiter=self._waiting, abandon_on_cancel=True)
        )
        leaving = asyncio.ensure_future(_wait_until_gone(http))
        try:
            await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise ClientDisconnect
            return work.result()
        finally:
            if not work.done():
                ticket.cancel()
            work.cancel()
            leaving.cancel()


async def _wait_until_gone(http: HttpRequest) -> None:
    """Wait for the client to leave. The body was read before, so this is all that can still arrive."""
    while (await http.receive())["type"] != "http.disconnect":
        pass
