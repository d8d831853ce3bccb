"""Run inside a network namespace of its own: start the suite and a Chromium, open every page, and report.

Prints one line for each page that was whole. Not a test by itself: ``test_without_network.py`` runs it.
"""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile

from playwright.sync_api import expect, sync_playwright

PAGES = {
    "/": ".v-phases li",
    "/predict-or-generate": ".v-rows",
    "/predict-or-generate?data=image": ".v-dots i",
    "/where-did-it-look": '[role="grid"] button',
    "/project-board": ".st-key-foot",
    "/what-is-running": ".st-key-foot",
    "/demos/": "h1",
}
WAIT_MS = 120_000


def raise_loopback() -> None:
    """Do what ``ip link set lo up`` does, where there is no ``ip``."""
    get_flags, set_flags, up = 0x8913, 0x8914, 0x1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack("16xh14x", fcntl.ioctl(control, get_flags, request))
        fcntl.ioctl(control, set_flags, struct.pack("16sh14x", b"lo", flags | up))


def assert_no_network() -> None:
    """Make sure that this namespace really has no way out."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as outside:
        outside.settimeout(5)
        try:
            outside.connect(("192.0.2.1", 80))
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise AssertionError("the network swallowed a packet: there is one") from error
        else:
            raise AssertionError("there is a network")


def main(chromium: str) -> None:
    raise_loopback()
    assert_no_network()
    with tempfile.TemporaryDirectory() as elsewhere:
        suite = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", "--port", "0"], cwd=elsewhere, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env={**os.environ, "VITRINE_STATE_DIR": elsewhere},
        )  # fmt: skip
        try:
            assert suite.stdout
            address = next(
                found[0] for line in suite.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+", line))
            )
            visit(chromium, address)
        finally:
            suite.send_signal(signal.SIGTERM)
            suite.wait(timeout=60)


def visit(chromium: str, address: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        for path, last in PAGES.items():
            page.goto(address + path, timeout=WAIT_MS)
            page.locator(last).first.wait_for(state="attached", timeout=WAIT_MS)
            expect(page.locator("h1")).to_have_count(1, timeout=WAIT_MS)
            expect(page.get_by_role("alert")).to_have_count(0)
            print("whole:", path, flush=True)  # noqa: T201  # read by the test
        page.goto(address + "/predict-or-generate", timeout=WAIT_MS)
        expect(page.locator(".v-answer")).to_contain_text("%", timeout=WAIT_MS)
        expect(page.locator(".v-recorded")).to_have_count(0, timeout=WAIT_MS)
        before = page.locator(".v-rows").inner_text()
        page.get_by_role("button", name="Make 20 others").click()
        expect(page.locator(".v-rows")).not_to_have_text(before, use_inner_text=True, timeout=WAIT_MS)
        print("live", flush=True)  # noqa: T201  # read by the test
        assert problems == [], problems
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
