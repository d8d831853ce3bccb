"""The body limit: too much is refused while it arrives, whatever it says about its own length."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from app.limits import BodyLimit

LIMIT = 1000


class _Asked:
    def __init__(self) -> None:
        self.chunks_taken = 0
        self.sent: list[dict[str, Any]] = []

    @property
    def status(self) -> int:
        return self.sent[0]["status"]


def _ask(
    chunks: Iterable[bytes],
    headers: dict[str, str] | None = None,
    *,
    more_headers: Iterable[tuple[str, str]] = (),
    is_deaf: bool = False,
) -> _Asked:
    asked = _Asked()
    rest = iter(chunks)

    async def receive() -> Any:
        chunk = next(rest, None)
        if chunk is None:
            return {"type": "http.request", "body": b"", "more_body": False}
        asked.chunks_taken += 1
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def send(message: Any) -> None:
        asked.sent.append(message)

    async def reads_all(scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await Request(scope, receive).body()
        except Exception:
            if not is_deaf:
                raise
            body = b"whatever came"
        await PlainTextResponse(str(len(body)))(scope, receive, send)

    raw = [(name.encode(), value.encode()) for name, value in [*(headers or {}).items(), *more_headers]]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": raw}
    asyncio.run(BodyLimit(reads_all, LIMIT, max_parts=3)(scope, receive, send))
    return asked


def test_a_body_at_the_limit_passes() -> None:
    asked = _ask([b"x" * LIMIT], {"content-length": str(LIMIT)})
    assert asked.status == 200
    assert asked.sent[1]["body"] == str(LIMIT).encode()


@pytest.mark.parametrize("length", [LIMIT + 1, 10**12, "-1", "1e3", "abc", ""])
def test_a_declared_length_that_is_too_large_or_no_number_is_refused_unread(length: object) -> None:
    asked = _ask([b"x"], {"content-length": str(length)})
    assert asked.status == 413
    assert asked.chunks_taken == 0


@pytest.mark.parametrize("headers", [{}, {"content-length": "10"}, {"transfer-encoding": "chunked"}])
@pytest.mark.parametrize("is_deaf", [True, False])
def test_a_body_without_or_with_a_false_length_is_cut_off(headers: dict[str, str], is_deaf: bool) -> None:
    asked = _ask((b"x" * 100 for _ in range(10_000)), headers, is_deaf=is_deaf)
    assert asked.status == 413
    assert asked.chunks_taken == 11
    assert (b"connection", b"close") in asked.sent[0]["headers"]


def _form(parts: int) -> bytes:
    return (
        b"".join(b'--mark\r\ncontent-disposition: form-data; name="f"\r\n\r\nx\r\n' for _ in range(parts))
        + b"--mark--"
    )


@pytest.mark.parametrize("size", [1, 3, 7, 5000])
def test_parts_of_a_form_are_counted_also_where_a_boundary_is_cut(size: int) -> None:
    headers = {"content-type": 'multipart/form-data; boundary="mark"'}

    def cut(body: bytes) -> list[bytes]:
        return [body[start : start + size] for start in range(0, len(body), size)]

    assert _ask(cut(_form(3)), headers).status == 200
    assert _ask(cut(_form(4)), headers).status == 413


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data; xboundary=AAAA; boundary=mark",
        'multipart/form-data; charset="boundary=zz"; boundary=mark',
        'multipart/form-data; charset="a; boundary=zz"; boundary=mark',
        "multipart/form-data; boundary=zz; boundary=mark",
        "multipart/form-data; boundary*=utf-8''zz; boundary=mark",
        " Multipart/Form-Data;boundary=mark ;x=y",
    ],
)
def test_parts_are_counted_by_the_boundary_that_the_parser_uses(kind: str) -> None:
    assert _ask([_form(3)], {"content-type": kind}).status == 200
    assert _ask([_form(4)], {"content-type": kind}).status == 413


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("content-type", "text/plain", "multipart/form-data; boundary=mark"),
        ("content-type", "multipart/form-data; boundary=zz", "multipart/form-data; boundary=mark"),
        ("content-length", "1", "100000"),
        ("content-length", "1", "1"),
    ],
)
def test_a_kind_or_a_length_that_is_given_twice_is_refused_unread(name: str, first: str, second: str) -> None:
    asked = _ask([_form(1)], {name: first}, more_headers=[(name, second)])
    assert asked.status == 400
    assert asked.chunks_taken == 0


def test_a_boundary_counts_only_in_a_form() -> None:
    assert _ask([_form(9)], {"content-type": "text/plain; boundary=mark"}).status == 200


async def _never(*_: Any) -> Any:
    raise AssertionError


def test_an_error_of_the_application_is_not_hidden() -> None:
    async def fails(scope: Any, receive: Any, send: Any) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(BodyLimit(fails, LIMIT)({"type": "http", "headers": []}, _never, _never))
