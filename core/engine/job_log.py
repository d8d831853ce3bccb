"""What the log says about a failure: enough to find the line, nothing that a visitor typed.

Owns the reference number that connects a sentence on the screen with the log. The text of an exception can
quote a visitor's input (or a secret), so only its type and the places in the code are written down.
"""

from __future__ import annotations

import logging
import secrets
import traceback

_log = logging.getLogger(__name__)


def log_failure(failure: BaseException, model_id: str) -> str:
    """Write a failure into the log and return its reference number."""
    reference = secrets.token_hex(4)
    causes: list[str] = []
    seen: set[int] = set()
    cause: BaseException | None = failure
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        frames = [
            f"{frame.filename}:{frame.lineno} in {frame.name}"
            for frame in traceback.extract_tb(cause.__traceback__)
        ]
        causes.append("\n    ".join([type(cause).__qualname__, *frames]))
        cause = cause.__cause__ or cause.__context__
    _log.error("failure %s in %s:\n  %s", reference, model_id, "\n  caused by ".join(causes))
    return reference
