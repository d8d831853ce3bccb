"""A real suite in a process of its own, and a real browser that may talk to nothing else.

Owns how both are started and what every browser test proves beside its own point: no request left the machine, no
script failed, the content security policy was not violated. Knows no screen.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

REPO = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_TIMEOUT_S = 180
TIMEOUT_MS = 45_000
"""How long a browser test waits for what happens within a second on a quiet machine: a failure, never a delay."""
expect.set_options(timeout=TIMEOUT_MS)
ALLOWED_HOSTS = {"127.0.0.1", "localhost"}

# Streamlit asks once for its health below a page's own path and gets 404; harmless, and not ours to change.
KNOWN_NOISE = re.compile(r"/(_stcore/health|_stcore/host-config)$")


def find_chromium() -> str | None:
    """Return the path of a Chromium on this machine."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if path := shutil.which(name):
            return path
    return None


@dataclass
class Suite:
    """A running suite."""

    url: str
    process: subprocess.Popen[str]

    def get(self, path: str) -> int:
        """Return the status of a GET."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as response:  # loopback only
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code

    def wait_until_ready(self) -> None:
        """Wait until every model is loaded."""
        give_up = time.monotonic() + START_TIMEOUT_S
        while self.get("/readyz") != 200:
            assert time.monotonic() < give_up, "the models were not ready in time"
            time.sleep(0.2)


@pytest.fixture(scope="session")
def start_suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Suite]]:
    """Start suites as a user does, but from another folder, on a free port; all are stopped at the end."""
    started: list[subprocess.Popen[str]] = []

    def start(**settings: str) -> Suite:
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        environment = {
            **os.environ,
            "PYTHONPATH": str(REPO),
            "VITRINE_STATE_DIR": str(elsewhere / "state"),
            **settings,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", "--port", "0"],
            cwd=elsewhere, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        started.append(process)
        assert process.stdout
        seen: list[str] = []
        for line in process.stdout:
            seen.append(line)
            if address := re.search(r"http://127\.0\.0\.1:\d+", line):
                _drain(process)
                return Suite(address[0], process)
        raise AssertionError("the suite did not start:\n" + "".join(seen))

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
    for process in started:
        process.wait(timeout=30)


def _drain(process: subprocess.Popen[str]) -> None:
    """Keep reading what the suite prints, so that it never waits for us."""
    threading.Thread(target=lambda: process.stdout and process.stdout.read(), daemon=True).start()


@pytest.fixture(scope="session")
def suite(start_suite: Callable[..., Suite]) -> Suite:
    """One suite for all journeys, with every model loaded."""
    running = start_suite()
    # The first page starts the warming; nothing is loaded before somebody came.
    assert running.get("/") == 200
    running.wait_until_ready()
    return running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all journeys."""
    path = find_chromium()
    if path is None:
        pytest.skip("No Chromium on this machine: install the Debian package 'chromium'.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@dataclass
class Watch:
    """What a page did besides what its test looks at."""

    outside: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def follow(self, context: BrowserContext) -> None:
        """Note what every page of a context asks for, and what fails in it."""
        context.on("request", lambda request: self._note_address(request.url))
        context.on("console", self._note_message)
        context.on("weberror", lambda error: self.problems.append(str(error.error)))
        context.on("page", lambda page: page.on("websocket", lambda socket: self._note_address(socket.url)))

    def _note_address(self, url: str) -> None:
        address = urlsplit(url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.hostname not in ALLOWED_HOSTS:
            self.outside.append(url)

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not KNOWN_NOISE.search(message.location["url"]):
            self.problems.append(f"{message.text} ({message.location['url']})")


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open pages in contexts of their own; at the end, nothing may have left the machine and no script have failed."""
    watch = Watch()
    contexts: list[Any] = []

    def open_(
        url: str,
        *,
        width: int = 1280,
        height: int = 720,
        theme: Literal["light", "dark"] = "light",
        **context_args: Any,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            reduced_motion="reduce",
            **context_args,
        )
        contexts.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        watch.follow(context)
        page = context.new_page()
        page.goto(url)
        page.locator("h1").first.wait_for()
        return page

    yield open_
    for context in contexts:
        context.close()
    assert watch.outside == []
    assert watch.problems == []


def settle(page: Page) -> None:
    """Wait until Streamlit has nothing more to run for this visitor."""
    page.wait_for_function(
        "() => document.querySelector('[data-testid=\"stApp\"]')?.dataset.testScriptState !== 'running'"
    )


@pytest.fixture(name="settle")
def settle_fixture() -> Callable[[Page], None]:
    """``settle`` for tests."""
    return settle
