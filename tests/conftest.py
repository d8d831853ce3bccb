"""Rules for every test: which ones need a browser, and that nothing is skipped unseen.

A test that drives a browser is marked `@pytest.mark.browser`. Where Chromium is missing it is skipped with a
sentence; with CI=true it fails instead, and so does any other skip of it, and any module that skips itself.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "Browser tests need Chromium, which is not on this machine. "
    "On Debian: apt-get install chromium, then run make test again."
)


def find_chromium() -> str | None:
    """Return the path of Chromium, or None."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def is_ci() -> bool:
    """Tell whether continuous integration runs the tests, where nothing may be skipped."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The Chromium that browser tests drive: `playwright.chromium.launch(executable_path=chromium_path)`."""
    path = find_chromium()
    if path is None:
        (pytest.fail if is_ci() else pytest.skip)(MISSING)
    return path


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a browser test where there is no browser; under CI that is a failure."""
    if item.get_closest_marker("browser") and find_chromium() is None:
        (pytest.fail if is_ci() else pytest.skip)(MISSING, **({"pytrace": False} if is_ci() else {}))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under CI, turn any skip of a browser test into a failure."""
    report = yield
    if is_ci() and report.skipped and not hasattr(report, "wasxfail") and item.get_closest_marker("browser"):
        report.outcome = "failed"
        report.longrepr = f"A browser test was skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Under CI, turn a test file that skips itself whole into a failure."""
    report = yield
    if is_ci() and report.outcome == "skipped":
        report.outcome = "failed"
        report.longrepr = f"A test file skipped itself, which CI does not allow: {report.longrepr}"
    return report
