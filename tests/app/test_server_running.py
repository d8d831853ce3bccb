"""The whole server, as a browser and an operator meet it: real uvicorn, real Streamlit, real Gradio."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import websockets
from websockets.sync.client import connect

from app.server import serve
from core.errors import StartError
from core.settings import get_settings
from core.wording import explain_error
from tests.app.serving import ROOT, Serving, start

pytestmark = pytest.mark.timeout(300)
HEAVY = ("gradio", "torch", "sklearn", "pandas", "diffusers", "timm", "fastapi")


@pytest.fixture(scope="module")
def running() -> Iterator[Serving]:
    with start(VITRINE_PRELOAD="false") as serving:
        yield serving


def test_nothing_heavy_is_imported_before_somebody_needs_it() -> None:
    code = f"""
import sys
from starlette.testclient import TestClient
from app.server import build_app
from core.settings import Settings
with TestClient(build_app(Settings(preload=False)), base_url="http://localhost") as client:
    assert client.get("/healthz").json() == {{"status": "ok"}}
    assert client.get("/").status_code == 200
    assert client.get("/readyz").status_code == 503
    print([name for name in {HEAVY!r} if name in sys.modules])
"""
    run = subprocess.run(  # noqa: PLW1510  # looked at below
        [sys.executable, "-c", code],
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"


def test_it_says_alive_at_once_and_ready_only_when_every_model_is(running: Serving) -> None:
    alive = httpx.get(running.url + "/healthz")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    ready = httpx.get(running.url + "/readyz")
    assert ready.status_code == 503
    assert ready.json() == {"status": "loading", "ready": 0, "failed": 0, "total": 4}
    assert int(ready.headers["retry-after"]) > 0


def test_models_and_demos_are_warmed_after_the_first_visit() -> None:
    with start(VITRINE_PRELOAD="true") as serving:
        assert httpx.get(serving.url + "/").status_code == 200
        while (ready := httpx.get(serving.url + "/readyz")).status_code != 200:
            assert ready.status_code == 503
        assert ready.json() == {"status": "ready", "ready": 4, "failed": 0, "total": 4}


def test_health_answers_while_the_demos_are_being_built_and_twenty_visitors_wait_for_them() -> None:
    with start(VITRINE_PRELOAD="false") as serving:
        statuses: list[int] = []
        visitors = [
            threading.Thread(
                target=lambda: statuses.append(httpx.get(serving.url + "/demos/", timeout=120).status_code)
            )
            for _ in range(20)
        ]
        for visitor in visitors:
            visitor.start()
        answered = 0
        while not statuses:
            assert httpx.get(serving.url + "/healthz").status_code == 200
            answered += 1
        for visitor in visitors:
            visitor.join()
        assert statuses == [200] * 20
        assert answered > 3


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/", {}, 200),
        ("GET", "/healthz", {}, 200),
        ("GET", "/readyz", {}, 503),
        ("GET", "/predict-or-generate", {}, 200),
        ("GET", "/media/none.png", {}, 404),
        ("GET", "/_stcore/health", {}, 200),
        ("GET", "/_stcore/metrics", {}, 404),
        ("GET", "/_stcore/agent/openapi.json", {}, 404),
        ("GET", "/..%2f..%2fetc/passwd", {}, 400),
        ("GET", "//evil.example/", {}, 400),
        ("GET", "/demos", {}, 307),
        ("GET", "/demos/", {}, 200),
        ("GET", "/demos/digits/", {}, 200),
        ("GET", "/demos/none/", {}, 404),
        ("GET", "/demos/digits/gradio_api/file=/etc/passwd", {}, 403),
        ("GET", "/demos/digits/monitoring/summary", {}, 404),
        ("GET", "/api/v1/models", {}, 200),
        ("GET", "/api/v1/none", {}, 404),
        ("DELETE", "/api/v1/models", {}, 405),
        ("POST", "/api/v1/predict", {"content": b"x" * 11_000_000}, 413),
        ("POST", "/api/v1/predict", {"json": {}}, 422),
        ("GET", "/", {"headers": {"host": "evil.example"}}, 403),
        ("POST", "/demos/digits/gradio_api/queue/join", {"headers": {"origin": "http://evil.example"}}, 403),
        ("OPTIONS", "/demos/digits/", {"headers": {"origin": "http://evil.example"}}, 403),
    ],
)
def test_every_answer_carries_the_security_headers(
    running: Serving, method: str, path: str, options: dict[str, Any], status: int
) -> None:
    answer = httpx.request(method, running.url + path, timeout=120, **options)
    assert answer.status_code == status, answer.text[:300]
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'self' https://huggingface.co" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in answer.headers
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert "evil" not in answer.text


def test_gradio_reflects_no_origin_not_even_our_own(running: Serving) -> None:
    answer = httpx.get(running.url + "/demos/digits/config", headers={"origin": running.url}, timeout=120)
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "headers", [{"origin": "http://evil.example"}, {"origin": "null"}, {"host": "evil.example"}]
)
def test_the_first_forged_websocket_is_refused_before_streamlit_sees_it(
    running: Serving, headers: dict[str, str]
) -> None:
    with pytest.raises(websockets.InvalidStatus) as caught, _open_stream(running, **headers):
        pass
    assert caught.value.response.status_code == 403
    assert caught.value.response.headers["x-content-type-options"] == "nosniff"
    assert "evil" not in running.read_log()


def test_a_websocket_of_our_own_page_is_let_in(running: Serving) -> None:
    with _open_stream(running, origin=running.url):
        pass


def _open_stream(serving: Serving, **headers: str) -> Any:
    host = headers.pop("host", f"127.0.0.1:{serving.port}")
    return connect(
        f"ws://{host}/_stcore/stream",
        sock=socket.create_connection(("127.0.0.1", serving.port)),
        subprotocols=["streamlit"],  # pyright: ignore[reportArgumentType]
        additional_headers=headers,
        proxy=None,
    )


def test_a_body_without_end_is_cut_off(running: Serving) -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield b"x" * 1_000_000

    try:
        status = httpx.post(running.url + "/api/v1/predict", content=endless(), timeout=60).status_code
    except httpx.TransportError:  # the connection was closed while we were still sending
        status = 413
    assert status == 413
    assert taken < 50


def test_a_thousand_files_are_refused(running: Serving) -> None:
    files = [("files", (f"{number}.png", b"x")) for number in range(1000)]
    answer = httpx.post(running.url + "/demos/digits/gradio_api/upload", files=files, timeout=60)
    assert answer.status_code == 413


def test_a_page_may_be_framed_by_those_whom_the_host_named() -> None:
    with start(VITRINE_PRELOAD="false", VITRINE_EMBED_ORIGINS="https://lms.example.org") as serving:
        policy = httpx.get(serving.url + "/").headers["content-security-policy"]
    assert policy.endswith("frame-ancestors 'self' https://huggingface.co https://lms.example.org")


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_with_everybody_still_there_and_a_job_that_never_ends(by: signal.Signals) -> None:
    async def scene(serving: Serving) -> int:
        async with (
            httpx.AsyncClient(base_url=serving.url, timeout=120) as client,
            contextlib.AsyncExitStack() as here,
        ):
            if by is signal.SIGTERM:
                await client.get("/demos/digits/config")
                path = "/demos/digits/gradio_api/heartbeat/session"
                assert (await here.enter_async_context(client.stream("GET", path))).status_code == 200
            here.enter_context(_open_stream(serving, origin=serving.url))
            asking = asyncio.create_task(
                client.post("/api/v1/generate", json={"model_id": "digits-diffusion"})
            )
            # The model is loaded only for a job.
            while (await client.get("/readyz")).json()["ready"] == 0:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            code = await asyncio.to_thread(serving.stop, by)
            (done,), _ = await asyncio.wait({asking})
            assert isinstance(done.exception(), httpx.TransportError) or done.result().status_code == 503
            return code

    with start(VITRINE_PRELOAD="false") as serving:
        assert asyncio.run(scene(serving)) == 0
        assert "Traceback" not in serving.read_log()


def test_it_stops_while_it_is_warming_up() -> None:
    with start(VITRINE_PRELOAD="true") as serving:
        httpx.get(serving.url + "/readyz")
        httpx.get(serving.url + "/api/v1/models", timeout=60)
        assert serving.stop() == 0
        assert "Traceback" not in serving.read_log()


def test_a_busy_port_is_said_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StartError) as caught:
            serve(get_settings().model_copy(update={"port": port}))
    assert caught.value.key == "port-busy"
    assert str(port) in explain_error(caught.value).what


def test_an_address_that_is_not_here_is_said_in_words() -> None:
    with pytest.raises(StartError) as caught:
        serve(get_settings().model_copy(update={"host": "192.0.2.1", "port": 0}))
    assert caught.value.key == "address-unusable"
    explain_error(caught.value)


def test_nothing_is_written_about_visitors(running: Serving) -> None:
    httpx.get(running.url + "/?who=a-visitor")
    assert "a-visitor" not in running.read_log()
    assert json.loads(httpx.get(running.url + "/healthz").text)
