"""The gate: a name or an Origin that is not ours meets 403 before anything else sees it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from app.gate import Gate, list_host_names
from core.settings import get_settings

OURS = "localhost:8501"
FORGED_HOSTS = [
    "evil.example",
    "evil.example:8501",
    "localhost.evil.example",
    "evil.example@localhost",
    "localhost:8501@evil.example",
    "localhost:8501/evil.example",
    "localhost:port",
    "localhost:8501, evil.example",
    "127.0.0.1.nip.io",
    "2130706433",
    "0x7f000001",
    "169.254.169.254",
    "10.9.8.7:8501",
    "[::ffff:10.9.8.7]",
    "localhost\x00",
    "lоcalhost",
    "",
    " ",
]
FORGED_ORIGINS = [
    "http://evil.example",
    "https://evil.example",
    "null",
    "",
    "file://",
    "http://localhost",
    "http://localhost:3000",
    "http://localhost:85010",
    "http://localhost:8501.evil.example",
    "http://localhost:8501@evil.example",
    "http://evil.example#localhost:8501",
    "http://127.0.0.1:8501",
    "http://LOCALHOST:8501",
    "http://localhost:8501/",
    "http://localhost:8501, http://evil.example",
    "javascript://localhost:8501",
    "chrome-extension://localhost:8501",
    "localhost:8501",
    "//localhost:8501",
    "http://[::1",
]
SHUT_DOORS = [
    "/_stcore/metrics",
    "/_stcore/agent/interact",
    "/_stcore/agent/mcp",
    "/some-page/_stcore/agent/openapi.json",
    "/oauth2callback",
    "/auth/login",
    "/demos/digits/monitoring/summary",
    "/demos/digits/gradio_api/deep_link",
    "/demos/digits/gradio_api/proxy=https://evil.hf.space/x",
    "/demos/digits/gradio_api/vibe-edit/",
    "/demos/digits/gradio_api/runs",
    "/demos/digits/gradio_api/process_recording",
]


async def _behind(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    seen = "|".join(value.decode("latin-1") for key, value in scope["headers"] if key == b"host")
    await PlainTextResponse(f"behind {seen}")(scope, receive, send)


def _ask(
    headers: list[tuple[str, str]],
    *,
    kind: str = "http",
    method: str = "GET",
    path: str = "/",
    names: tuple[str, ...] = ("localhost", "127.0.0.1", "::1"),
    server: tuple[str, int] = ("127.0.0.1", 8501),
    extensions: dict[str, Any] | None = None,
) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "headers": [(name.encode(), value.encode("utf-8")) for name, value in headers],
        "server": server,
        "extensions": extensions or {},
    }
    asyncio.run(Gate(_behind, names)(scope, receive, send))
    return sent


def _status(sent: list[dict[str, Any]]) -> int:
    return sent[0]["status"]


def _body(sent: list[dict[str, Any]]) -> str:
    return b"".join(message.get("body", b"") for message in sent).decode()


@pytest.mark.parametrize("host", FORGED_HOSTS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_forged_host_is_refused_and_not_repeated(host: str, method: str) -> None:
    sent = _ask([("host", host)], method=method)
    assert _status(sent) == 403
    assert "evil" not in str(sent)


@pytest.mark.parametrize("origin", FORGED_ORIGINS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
def test_a_forged_origin_is_refused_and_not_repeated(origin: str, method: str) -> None:
    sent = _ask([("host", OURS), ("origin", origin)], method=method)
    assert _status(sent) == 403
    assert "evil" not in str(sent)
    assert "access-control" not in str(sent).lower()


@pytest.mark.parametrize("origin", FORGED_ORIGINS)
def test_a_websocket_with_a_forged_origin_is_closed_before_it_is_accepted(origin: str) -> None:
    sent = _ask([("host", OURS), ("origin", origin)], kind="websocket")
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_a_refused_websocket_gets_words_where_the_server_can_send_them() -> None:
    headers = [("host", OURS), ("origin", "http://evil.example")]
    sent = _ask(headers, kind="websocket", extensions={"websocket.http.response": {}})
    assert sent[0] == {**sent[0], "type": "websocket.http.response.start", "status": 403}


@pytest.mark.parametrize(
    "headers",
    [
        [("host", OURS), ("host", "evil.example")],
        [("host", OURS), ("origin", f"http://{OURS}"), ("origin", "http://evil.example")],
        [("host", OURS), ("x-forwarded-host", "evil.example")],
        [("host", OURS), ("x-forwarded-host", OURS), ("x-forwarded-host", OURS)],
        [("host", OURS), ("x-forwarded-host", "localhost"), ("origin", f"http://{OURS}")],
        [],
    ],
)
def test_headers_that_two_readers_could_read_differently_are_refused(headers: list[tuple[str, str]]) -> None:
    assert _status(_ask(headers)) == 403


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1", "[::1]:8501", "LocalHost:1"])
def test_our_own_pages_and_programs_come_in(host: str, scheme: str) -> None:
    assert _status(_ask([("host", host)])) == 200
    assert _status(_ask([("host", host), ("origin", f"{scheme}://{host}")], method="POST")) == 200
    (accepted,) = _ask([("host", host), ("origin", f"{scheme}://{host}")], kind="websocket")
    assert accepted["type"] == "websocket.accept"


def test_the_address_that_a_connection_arrived_at_is_ours_and_no_other() -> None:
    assert _status(_ask([("host", "192.168.1.5:8501")], server=("192.168.1.5", 8501))) == 200
    assert _status(_ask([("host", "[fe80::1]:8501")], server=("fe80::1%eth0", 8501))) == 200
    assert _status(_ask([("host", "192.168.1.6:8501")], server=("192.168.1.5", 8501))) == 403


def test_what_a_proxy_says_is_the_only_host_that_is_seen_behind_the_gate() -> None:
    headers = [
        ("host", "127.0.0.1:8501"),
        ("x-forwarded-host", "school.example"),
        ("x-gradio-server", "http://evil"),
    ]
    sent = _ask(headers, names=("127.0.0.1", "school.example"))
    assert _body(sent) == "behind school.example"


@pytest.mark.parametrize("path", SHUT_DOORS)
def test_doors_that_nobody_needs_are_shut(path: str) -> None:
    sent = _ask([("host", OURS)], path=path)
    assert _status(sent) == 404
    assert "behind" not in _body(sent)


@pytest.mark.parametrize("path", SHUT_DOORS)
@pytest.mark.parametrize("mark", ["\n", "\r", "\x00", "\x1f", "\x7f", "\r\n"])
def test_a_shut_door_stays_shut_when_a_control_character_is_added(path: str, mark: str) -> None:
    for tried in (
        path + mark,
        f"{path}{mark}x",
        mark + path,
        f"/a{mark}b{path}",
        path.replace("/", f"/{mark}"),
    ):
        assert _status(_ask([("host", OURS)], path=tried)) == 404, repr(tried)


@pytest.mark.parametrize("path", SHUT_DOORS)
def test_a_shut_door_stays_shut_when_a_slash_is_doubled(path: str) -> None:
    tried = [path[:at] + "/" + path[at:] for at, sign in enumerate(path) if sign == "/"]
    for one in (*tried, path.replace("/", "///")):
        assert _status(_ask([("host", OURS)], path=one)) == 404, one


def test_a_shut_door_stays_shut_behind_a_question_mark_that_is_part_of_the_path() -> None:
    assert _status(_ask([("host", OURS)], path="/a?b/_stcore/metrics")) == 404


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/_stcore/health",
        "/_stcore/host-config",
        "/_stcore/upload_file/a/b",
        "/demos/digits/",
        "/demos/digits/gradio_api/queue/join",
        "/demos/digits/gradio_api/upload",
        "/demos/digits/gradio_api/call/predict_digit",
        "/demos/digits/gradio_api/startup-events",
        "/api/v1/models",
    ],
)
def test_doors_that_are_needed_are_open(path: str) -> None:
    assert _status(_ask([("host", OURS)], path=path)) == 200


def test_only_loopback_names_are_ours_when_the_process_listens_on_loopback() -> None:
    assert list_host_names(get_settings().model_copy(update={"host": "127.0.0.1"}), {}) == {
        "localhost",
        "127.0.0.1",
        "::1",
    }


def test_named_hosts_the_space_and_this_machine_are_ours_when_it_listens_beyond() -> None:
    settings = get_settings().model_copy(update={"host": "0.0.0.0", "allowed_hosts": ("School.example",)})
    names = list_host_names(settings, {"SPACE_HOST": "me-vitrine.hf.space"})
    assert {"school.example", "me-vitrine.hf.space", "localhost"} <= names
    assert "0.0.0.0" not in names
