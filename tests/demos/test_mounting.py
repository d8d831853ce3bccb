"""The site of all demos: index, limits, and what Gradio may not do."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from core.engine import use_engine
from demos import budget
from demos.gallery import DEMOS
from demos.mounting import build_site
from tests.fakes import build_engine

FONTS = {"serif": "/static/media/serif.woff2", "sans": "/static/media/sans.woff2"}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with (
        use_engine(build_engine()),
        TestClient(build_site(max_file_bytes=1000, fonts=FONTS), base_url="http://localhost") as client,
    ):
        yield client


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def find(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_index_links_every_demo_and_needs_no_script(client: TestClient) -> None:
    page = _Page(client.get("/").text)
    assert page.find("script") == []
    assert len(page.find("h1")) == 1
    links = [link["href"] for link in page.find("a")]
    assert links == ["../", *(f"{demo.slug}/" for demo in DEMOS)]
    assert all(client.get(f"/{demo.slug}/").status_code == 200 for demo in DEMOS)


def test_the_index_asks_for_nothing_but_the_fonts_that_it_was_given(client: TestClient) -> None:
    text = client.get("/").text
    assert "http" not in text.replace("http-equiv", "")
    assert all(address in text for address in FONTS.values())


def test_a_demo_names_its_endpoints_and_hides_the_others(client: TestClient) -> None:
    info = client.get("/digits/gradio_api/info").json()
    assert sorted(info["named_endpoints"]) == ["/generate_digit", "/predict_digit"]
    assert info["unnamed_endpoints"] == {}


def test_gradio_is_quiet_closed_and_small(client: TestClient) -> None:
    config = client.get("/digits/config").json()
    assert config["analytics_enabled"] is False
    assert config["enable_queue"] is True
    assert config["footer_links"] == []
    assert config["show_error"] is False
    assert config.get("mcp_server") in {False, None}
    assert client.get("/digits/monitoring").status_code in {403, 404}
    assert client.get("/digits/gradio_api/file=/etc/passwd").status_code == 403


def test_a_file_that_is_too_large_is_refused(client: TestClient) -> None:
    files = {"files": ("a.png", b"x" * 2000)}
    assert client.post("/digits/gradio_api/upload", files=files).status_code == 413


@pytest.mark.parametrize(
    "payload",
    [
        {"path": "/etc/passwd"},
        {"path": "../../../../etc/passwd"},
        {"path": "http://127.0.0.1/x.png", "url": "http://127.0.0.1/x.png"},
    ],
)
def test_a_program_cannot_name_a_file_that_it_did_not_upload(
    client: TestClient, payload: dict[str, str]
) -> None:
    body = {"data": [{**payload, "meta": {"_type": "gradio.FileData"}}]}
    event = client.post("/digits/gradio_api/call/predict_digit", json=body)
    answer = event.text
    if event.status_code == 200:
        answer += client.get(f"/digits/gradio_api/call/predict_digit/{event.json()['event_id']}").text
    assert "root:" not in answer
    assert "labels" not in answer


def test_no_origin_is_reflected(client: TestClient) -> None:
    answer = client.get(
        "/digits/config", headers={"origin": "http://evil.example", "host": "vitrine.example"}
    )
    assert "access-control-allow-origin" not in answer.headers


def test_the_queue_sleeps_when_it_is_idle() -> None:
    import gradio as gr

    built = [blocks for blocks in gr.Blocks.get_instances() if blocks.custom_mount_path == "/digits"]
    assert built
    assert all(blocks._queue.sleep_when_free >= 0.02 and blocks.max_threads != 40 for blocks in built)


HOST = "visitors-own-host.example"
ADDRESS = {"path": f"http://{HOST}/x.png", "meta": {"_type": "gradio.FileData"}}


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    names: list[object] = []

    def getaddrinfo(host: object, *_: object, **__: object) -> list[object]:
        names.append(host)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return names


def _find_predict(client: TestClient) -> int:
    functions = client.get("/digits/config").json()["dependencies"]
    return next(one["id"] for one in functions if one["api_name"] == "predict_digit")


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("way", ["call", "queue", "run"])
def test_an_address_in_place_of_a_file_is_refused_and_never_looked_up(
    client: TestClient,
    looked_up: list[object],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    way: str,
    scheme: str,
) -> None:
    api = "/digits/gradio_api"
    data = [{**ADDRESS, "path": f"{scheme}://{HOST}/x.png"}]
    if way == "run":
        text = client.post(f"{api}/run/predict_digit", json={"data": data}).text
    elif way == "call":
        event = client.post(f"{api}/call/predict_digit", json={"data": data})
        assert event.status_code == 200
        answer = client.get(f"{api}/call/predict_digit/{event.json()['event_id']}")
        assert answer.status_code == 200
        text = answer.text
        assert "event: error" in text
    else:
        body = {"data": data, "fn_index": _find_predict(client), "session_hash": f"a-visitor-{scheme}"}
        assert client.post(f"{api}/queue/join", json=body).status_code == 200
        answer = client.get(f"{api}/queue/data", params={"session_hash": body["session_hash"]})
        assert answer.status_code == 200
        text = answer.text
        (completed,) = [json.loads(line[6:]) for line in text.splitlines() if '"process_completed"' in line]
        assert completed["success"] is False
    written = "".join(capfd.readouterr()) + caplog.text
    assert looked_up == []
    assert "An address was sent in place of a file." in text
    assert HOST not in text + written
    assert "Traceback" not in text + written


def test_an_address_that_is_asked_for_as_a_file_is_refused_and_never_looked_up(
    client: TestClient, looked_up: list[object]
) -> None:
    answer = client.get(f"/digits/gradio_api/file=http://{HOST}/x.png")
    assert answer.status_code == 403
    assert HOST not in answer.text
    assert looked_up == []


def test_what_a_program_sends_that_no_demo_expects_is_logged_as_places_only(
    client: TestClient, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    data = [{"path": "/etc/visitors-own-file", "meta": {"_type": "gradio.FileData"}}]
    event = client.post("/digits/gradio_api/call/predict_digit", json={"data": data}).json()
    client.get(f"/digits/gradio_api/call/predict_digit/{event['event_id']}")
    written = "".join(capfd.readouterr()) + caplog.text
    assert "in a demo" in written
    assert "Traceback" not in written
    assert "visitors-own-file" not in written


def test_files_are_refused_while_the_folder_is_full_and_drawing_goes_on(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "get_upload_folder", lambda: str(tmp_path))
    upload = "/digits/gradio_api/upload"
    files = {"files": ("a.png", b"x" * 500)}
    assert client.post(upload, files=files).status_code == 200
    with (tmp_path / "others").open("wb") as others:
        others.truncate(budget.MAX_FOLDER_BYTES)
    answer = client.post(upload, files=files)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "no room" in answer.text
    press = "/digits/gradio_api/call/predict_digit"
    assert client.post(press, json={"data": [None]}).status_code == 200
    assert client.post(press, json={"data": ["data:," + "x" * budget.SMALL_BYTES]}).status_code == 503
    (tmp_path / "others").unlink()
    assert client.post(upload, files=files).status_code == 200


def test_files_that_are_still_arriving_count_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "get_upload_folder", lambda: str(tmp_path))

    async def upload_five_at_once() -> list[int]:
        statuses: list[int] = []
        going = asyncio.Event()

        async def keep(_scope: Any, _receive: Any, send: Any) -> None:
            await going.wait()
            await PlainTextResponse("kept")(_scope, _receive, send)

        async def send(message: Any) -> None:
            if "status" in message:
                statuses.append(message["status"])
                if len(statuses) == 2:
                    going.set()

        async def receive() -> Any:
            return {"type": "http.request"}

        limit = budget.UploadBudget(keep, max_file_bytes=1000, max_folder_bytes=3000)
        scope = {"type": "http", "method": "POST", "path": "/digits/gradio_api/upload", "headers": []}
        async with asyncio.timeout(20):
            await asyncio.gather(*(limit(scope, receive, send) for _ in range(5)))
            await limit(scope, receive, send)
        return statuses

    assert asyncio.run(upload_five_at_once()) == [503, 503, 200, 200, 200, 200]
