"""Answers as ``--json`` and the REST interface show them: ``core.results_json``, a function for each command.

Owns nothing but these names, and that a wrong kind of result is a mistake of ours, not an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.requests import GenerateRequest
from core.results import Answer, Attribution, Classification
from core.results_json import view_answer


def get_classification(answer: Answer) -> Classification:
    """Return the result of a prediction."""
    if not isinstance(answer.result, Classification):
        raise TypeError(type(answer.result).__name__)
    return answer.result


def get_attribution(answer: Answer) -> Attribution:
    """Return the result of an explanation."""
    if not isinstance(answer.result, Attribution):
        raise TypeError(type(answer.result).__name__)
    return answer.result


def view_prediction(answer: Answer) -> dict[str, Any]:
    """Return {model_id, task, labels: [{label, prob}], elapsed_ms, device, dtype, reason}."""
    return view_answer(answer)


def view_generated(answer: Answer, request: GenerateRequest, paths: Sequence[Path]) -> dict[str, Any]:
    """Return {model_id, seed, items: [{label, seed, values} or {label, seed, path}], ...}."""
    return view_answer(answer, seed=request.seed, paths=[str(path) for path in paths] or None)


def view_explanation(answer: Answer) -> dict[str, Any]:
    """Return the scores of every patch, the label they speak about, and whether they can be trusted."""
    return {**view_answer(answer), "num_model_calls": get_attribution(answer).num_model_calls}
