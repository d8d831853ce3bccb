"""How long a visitor waits: from the start of the process until the first screen can be used in a browser.

Owns what *alive*, *first words* and *home* mean, the same for both: Vitrine as it comes, with every demo
registered, and a bare ``streamlit hello`` of the same Python. They are started in turn (A B A B ...), each
with a fresh process and a fresh browser context, all on loopback; a first start of each is not counted.

* alive: the health address answers 200;
* first words: the question of the page (its h1) is on the screen;
* home: besides that, the page is connected and its first run has finished. (``streamlit hello`` imports numpy
  and pandas at the end of its first run, so its first words are the stricter peer; both are reported.)
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from app.bench.browser import QUIET_CHROMIUM, find_chromium
from app.bench.measurement import Measurement, compare_medians
from app.bench.servers import find_free_port, run_server
from core.errors import StartError

START_LIMIT_S = 90.0
PEER = "streamlit hello"

_ROOT = Path(__file__).resolve().parents[2]
_HAS_WORDS = "() => Boolean(document.querySelector('h1')?.innerText.trim())"
_IS_READY = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  return Boolean(document.querySelector('h1')?.innerText.trim())
    && app.dataset.testScriptState === 'notRunning'
    && app.dataset.testConnectionState === 'CONNECTED';
}"""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A program that serves a first screen."""

    name: str
    arguments: tuple[str, ...]
    """For this Python; ``{port}`` is filled in."""
    health_path: str


OURS = Contestant(
    "vitrine", ("-m", "app.cli", "serve", "--host", "127.0.0.1", "--port", "{port}"), "/healthz"
)
THEIRS = Contestant(
    PEER,
    (
        *("-m", "streamlit", "hello", "--server.headless", "true", "--server.address", "127.0.0.1"),
        *("--server.port", "{port}", "--browser.gatherUsageStats", "false"),
    ),
    "/_stcore/health",
)


@dataclass(frozen=True, slots=True)
class Start:
    """One start, in seconds since the process began."""

    alive_s: float
    words_s: float
    home_s: float


def measure(runs: int, on_progress: Callable[[str], None]) -> list[Measurement]:
    """Start both in turn, ``runs`` times each, and compare the medians.

    Raises:
        StartError: no Chromium, no Playwright, or a server or page that did not come in time.
    """
    with _Browser() as browser:
        return compare([OURS, THEIRS], runs, lambda one: start_once(one, browser), on_progress)


def compare(
    contestants: list[Contestant],
    runs: int,
    start: Callable[[Contestant], Start],
    on_progress: Callable[[str], None],
) -> list[Measurement]:
    """Run ``start`` for two contestants in turn and compare the medians; the first of each is a warm-up."""
    starts: dict[str, list[Start]] = {one.name: [] for one in contestants}
    for run in range(runs + 1):
        for one in contestants:
            took = start(one)
            what = f"run {run} of {runs}" if run else "warm-up"
            times = f"alive {took.alive_s:.2f} s, first words {took.words_s:.2f} s, home {took.home_s:.2f} s"
            on_progress(f"{what}: {one.name} {times}")
            if run:
                starts[one.name].append(took)
    ours, theirs = (starts[one.name] for one in contestants)
    peer = contestants[1].name
    return [
        compare_medians(
            f"startup.{what}",
            "s",
            [getattr(s, field) for s in ours],
            peer,
            [getattr(s, field) for s in theirs],
        )
        for what, field in (("home", "home_s"), ("first_words", "words_s"), ("alive", "alive_s"))
    ]


def start_once(contestant: Contestant, browser: _Browser) -> Start:
    """Start one contestant, open its first screen, end it."""
    port = find_free_port()
    command = [sys.executable, *(argument.format(port=port) for argument in contestant.arguments)]
    with run_server(contestant.name, command, port, cwd=_ROOT) as server:
        alive_s = server.wait_until_alive(contestant.health_path, START_LIMIT_S)
        words_s, home_s = browser.open_home(server.name, server.url, server.started_at)
    return Start(alive_s, words_s, home_s)


class _Browser:
    """One Chromium for all starts; each page in a fresh context, with nothing remembered."""

    def __enter__(self) -> Self:
        executable = find_chromium()
        if executable is None:
            raise StartError("cli-browser-missing")
        try:
            from playwright.sync_api import sync_playwright
        except ImportError as error:
            raise StartError("cli-bench-needs-playwright") from error
        self._playwright: Any = sync_playwright().start()
        self._browser: Any = self._playwright.chromium.launch(
            executable_path=executable, args=list(QUIET_CHROMIUM)
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._browser.close()
        self._playwright.stop()

    def open_home(self, name: str, url: str, started_at: float) -> tuple[float, float]:
        """Return when the first words stood there and when the page could be used."""
        from playwright.sync_api import Error

        limit_ms = START_LIMIT_S * 1000
        context = self._browser.new_context(viewport={"width": 1280, "height": 720})
        try:
            page = context.new_page()
            page.goto(url, wait_until="commit", timeout=limit_ms)
            page.wait_for_function(_HAS_WORDS, timeout=limit_ms)
            words_s = time.perf_counter() - started_at
            page.wait_for_function(_IS_READY, timeout=limit_ms)
            return words_s, time.perf_counter() - started_at
        except Error as error:
            raise StartError("cli-bench-no-answer", server=name, limit_s=START_LIMIT_S) from error
        finally:
            context.close()
