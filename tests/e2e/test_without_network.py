"""The whole suite on a machine without any network: a namespace of its own with nothing but loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(500)]
REPO = Path(__file__).resolve().parents[2]
NUM_PAGES = 7


def test_every_page_is_whole_without_a_network(chromium_path: str) -> None:
    unshare = shutil.which("unshare")
    probe = (
        subprocess.run([unshare, "-rn", "true"], capture_output=True, text=True, check=False)
        if unshare
        else None
    )
    if probe is None or probe.returncode:
        pytest.skip(  # under CI=true, tests/conftest.py turns this into a failure
            "This machine lets no plain user make a network namespace (unshare -rn): "
            f"{probe.stderr.strip() if probe else 'the command unshare is missing'}"
        )
    journey = subprocess.run(
        [str(unshare), "-rn", sys.executable, "tests/e2e/offline_journey.py", chromium_path],
        cwd=REPO, env={**os.environ, "PYTHONPATH": str(REPO)}, capture_output=True, text=True, timeout=450, check=False,
    )  # fmt: skip
    assert journey.returncode == 0, journey.stdout + journey.stderr[-3000:]
    assert journey.stdout.count("whole:") == NUM_PAGES
    assert "live" in journey.stdout
