"""The site of all demos: index, limits, and what Gradio may not do."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from starlette.testclient import TestClient

from core.engine import use_engine
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
