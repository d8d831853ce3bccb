"""The lazy mount: built once, by the first who comes, without holding up anybody else."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from app.lazy import Lazy
from app.warming import Traffic, warm_up
from tests.fakes import Gate


class Building:
    """A slow build that can be stopped, that can fail, and whose lifespan notes in which task it was."""

    def __init__(self, *, is_open: bool = True, errors: int = 0) -> None:
        self.gate = Gate(is_open=is_open)
        self.errors = errors
        self.builds = 0
        self.threads: set[str] = set()
        self.tasks: list[Any] = []

    def __call__(self) -> Starlette:
        self.builds += 1
        self.threads.add(threading.current_thread().name)
        self.gate.stop_here()
        if self.errors:
            self.errors -= 1
            raise RuntimeError("a secret")

        @contextlib.asynccontextmanager
        async def live(_app: Starlette) -> AsyncIterator[None]:
            self.tasks.append(("entered", asyncio.current_task()))
            yield
            self.tasks.append(("left", asyncio.current_task()))

        def hello(request: Any) -> PlainTextResponse:
            return PlainTextResponse("hello")

        return Starlette(routes=[Route("/", hello)], lifespan=live)


def _client(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


def test_twenty_first_requests_build_it_once_in_a_thread_of_its_own_while_the_loop_goes_on() -> None:
    async def scene() -> None:
        building = Building(is_open=False)
        lazy = Lazy(building, name="x")
        async with _client(lazy) as client:
            requests = [asyncio.create_task(client.get("/")) for _ in range(20)]
            while not building.gate.arrivals:  # noqa: ASYNC110
                await asyncio.sleep(0)  # the loop turns although the build stands still
            assert not any(request.done() for request in requests)
            building.gate.open()
            answers = await asyncio.gather(*requests)
        assert {answer.text for answer in answers} == {"hello"}
        assert building.builds == 1
        assert building.threads == {"build x"}
        await lazy.close()

    asyncio.run(scene())


def test_the_lifespan_is_entered_and_left_in_one_task_that_is_no_request() -> None:
    async def scene() -> None:
        building = Building()
        lazy = Lazy(building, name="x")
        async with _client(lazy) as client:
            await client.get("/")
        await lazy.close()
        (entered, first), (left, last) = building.tasks
        assert (entered, left) == ("entered", "left")
        assert first is last
        assert first is not asyncio.current_task()

    asyncio.run(scene())


def test_a_failed_build_says_so_without_its_text_and_the_next_request_tries_again() -> None:
    async def scene() -> None:
        building = Building(errors=1)
        lazy = Lazy(building, name="x")
        async with _client(lazy) as client:
            failed = await client.get("/")
            assert failed.status_code == 503
            assert "retry-after" in failed.headers
            assert "secret" not in failed.text
            assert not lazy.is_built
            assert (await client.get("/")).text == "hello"
        assert building.builds == 2
        await lazy.close()

    asyncio.run(scene())


def test_a_visitor_who_leaves_does_not_stop_the_build_for_the_others() -> None:
    async def scene() -> None:
        building = Building(is_open=False)
        lazy = Lazy(building, name="x")
        async with _client(lazy) as client:
            first, second = (asyncio.create_task(client.get("/")) for _ in range(2))
            while not building.gate.arrivals:  # noqa: ASYNC110
                await asyncio.sleep(0)
            first.cancel()
            building.gate.open()
            assert (await second).text == "hello"
        await lazy.close()

    asyncio.run(scene())


def test_after_closing_nothing_is_built() -> None:
    async def scene() -> None:
        building = Building()
        lazy = Lazy(building, name="x")
        await lazy.close()
        await lazy.warm()
        async with _client(lazy) as client:
            assert (await client.get("/")).status_code == 503
        assert building.builds == 0

    asyncio.run(scene())


def test_warming_waits_for_the_first_visitor_and_goes_on_after_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene() -> None:
        monkeypatch.setattr("app.warming.QUIET_S", 0.0)
        monkeypatch.setattr("app.warming.LONGEST_WAIT_S", 1e9)
        done: list[str] = []

        async def fails() -> None:
            done.append("fails")
            raise RuntimeError

        async def works() -> None:
            done.append("works")

        traffic = Traffic(PlainTextResponse("x"))
        warming = asyncio.create_task(warm_up(lambda: traffic.last_sent, [fails, works]))
        async with _client(traffic) as client:
            await client.get("/healthz")
            await asyncio.sleep(0.25)
            assert done == []  # a monitor is no visitor
            await client.get("/")
        await warming
        assert done == ["fails", "works"]

    asyncio.run(scene())


def test_warming_begins_without_visitors_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.warming.LONGEST_WAIT_S", 0.0)
    done: list[str] = []

    async def works() -> None:
        done.append("works")

    asyncio.run(warm_up(lambda: None, [works]))
    assert done == ["works"]
