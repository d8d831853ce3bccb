"""Which browser this machine has, and how a bench starts one that makes no requests of its own."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

QUIET_CHROMIUM = (
    "--no-sandbox",  # which a container cannot build; only our own pages are opened
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_OTHERS = ("firefox", "firefox-esr", "safari")
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Firefox.app/Contents/MacOS/firefox",
    "/Applications/Safari.app/Contents/MacOS/Safari",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
    "C:/Program Files/Mozilla Firefox/firefox.exe",
)


def find_chromium() -> Path | None:
    """Return a browser of the Chromium family, which a bench can steer."""
    return _find(
        _CHROMIUMS, tuple(place for place in _PLACES if "chrome" in place.lower() or "edge" in place)
    )


def find_browser() -> Path | None:
    """Return any browser in which a person can open Vitrine."""
    return _find(_CHROMIUMS + _OTHERS, _PLACES)


def _find(names: tuple[str, ...], places: tuple[str, ...]) -> Path | None:
    for name in names:
        if found := shutil.which(name):
            return Path(found)
    if sys.platform in ("darwin", "win32"):
        return next((Path(place) for place in places if Path(place).exists()), None)
    return None
