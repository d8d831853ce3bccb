"""The last answer of all: a number for the visitor, places for the log, and nobody's words in it."""

from __future__ import annotations

import logging
import re

import pytest
from starlette.testclient import TestClient

from app.headers import SecurityHeaders

SECRET = "my name is Ada"


async def _fails(_scope: object, _receive: object, _send: object) -> None:
    raise ValueError(SECRET)


def test_an_unexpected_error_is_logged_as_places_under_the_number_that_the_visitor_sees(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = TestClient(SecurityHeaders(_fails, [])).get("/")
    assert answer.status_code == 500
    (reference,) = re.findall(r"\b[0-9a-f]{8}\b", answer.text)
    assert reference in caplog.text
    assert "ValueError" in caplog.text
    assert "in _fails" in caplog.text
    assert SECRET not in caplog.text + answer.text


@pytest.mark.parametrize("name", ["gradio", "gradio.route_utils", "uvicorn.error", "asyncio"])
def test_the_log_of_a_library_keeps_the_text_of_exceptions_to_itself(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    SecurityHeaders(_fails, [])
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger(name).exception("it failed in %s", "a place")
    assert "it failed in a place (ValueError)" in caplog.text
    assert SECRET not in caplog.text
