"""What the process may not be started with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.environment import QUIET_AND_LOCAL, REFUSED, refuse_unsafe
from core.errors import StartError
from core.wording import explain_error


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("value", ["1", "true", "anything"])
def test_a_dangerous_variable_stops_the_start_in_words(name: str, value: str) -> None:
    with pytest.raises(StartError) as caught:
        refuse_unsafe({name: value}, "13.0.0")
    assert name in explain_error(caught.value).what


@pytest.mark.parametrize("value", ["", "0", "False", "no"])
def test_a_dangerous_variable_that_is_off_does_no_harm(value: str) -> None:
    refuse_unsafe(dict.fromkeys(REFUSED, value), "13.0.0")


def test_an_old_pillow_stops_the_start_in_words() -> None:
    with pytest.raises(StartError) as caught:
        refuse_unsafe({}, "12.3.0")
    assert "12.3.0" in str(explain_error(caught.value))


def test_the_quiet_variables_win_over_what_was_there() -> None:
    code = "import os; from app import environment as e; e.prepare_environment(); print(dict(os.environ))"
    environ = {**os.environ, "HF_HUB_DISABLE_TELEMETRY": "0", "GRADIO_ANALYTICS_ENABLED": "True"}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    after = eval(run.stdout)  # our own print of a dict
    assert QUIET_AND_LOCAL.items() <= after.items()
    assert not Path(after["GRADIO_TEMP_DIR"]).exists()  # the folder for visitors' files goes with the process
