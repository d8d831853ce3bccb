"""Requests and answers as JSON, in two forms.

Owns the *exact* form (``to_json`` and ``from_json``: everything, there and back, for recordings and for other
machines) and the *public* form (``view_answer``: what ``--json`` and the REST bodies show, worded, one way).
Knows no model and no screen. It stands apart from ``results`` because the public form needs words.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from core import wording
from core.errors import InputError
from core.results import (
    Answer,
    Attribution,
    Classification,
    GeneratedPictures,
    GeneratedRows,
    Problem,
)

T = TypeVar("T")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def to_json(value: object, kind: Any = None) -> Any:
    """Return a request, an answer or a step as JSON values; ``from_json`` makes an equal one again.

    Args:
        value: any frozen dataclass of ``core.requests``, ``core.results`` or ``core.specs``.
        kind: its type; needed for unions such as ``Request``, which no instance has as its class.
    """
    return _adapter(kind or type(value)).dump_python(value, mode="json")


def from_json(kind: type[T], value: Any) -> T:
    """Make a typed value again.

    Raises:
        InputError: key ``json-unreadable``, with the place in the JSON that does not fit.
    """
    try:
        # Not strict: JSON has neither tuples nor a difference between 1 and 1.0.
        return cast("T", _adapter(kind).validate_python(value))
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InputError("json-unreadable", place=place[:80] or "the whole") from error


def view_answer(
    answer: Answer, *, seed: int | None = None, paths: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return what the command line and the REST interface show of an answer.

    Args:
        answer: the answer.
        seed: the seed that was asked for, of a generated answer.
        paths: where the generated pictures were saved, in their order; without it their pixels are shown.
    """
    view: dict[str, Any] = {"model_id": answer.model_id}
    match answer.result:
        case Classification() as result:
            view |= {"task": answer.task, "labels": _view_labels(result)}
        case GeneratedRows(rows=rows):
            items = [{"label": row.label, "seed": row.seed, "values": dict(row.values)} for row in rows]
            view |= {"seed": seed if seed is not None else rows[0].seed, "items": items}
        case GeneratedPictures(pictures=pictures):
            items: list[dict[str, Any]] = [
                {"label": made.label, "seed": made.seed, "pixels": made.picture.pixels} for made in pictures
            ]
            for item, path in zip(items, paths or (), strict=paths is not None):
                del item["pixels"]
                item["path"] = path
            view |= {"seed": seed if seed is not None else pictures[0].seed, "items": items}
        case Attribution() as result:
            view |= _view_attribution(result) | {"task": answer.task}
    view |= {
        "elapsed_ms": round(answer.elapsed_ms, 3),
        "device": answer.placement.device,
        "dtype": answer.placement.dtype,
        "reason": str(wording.say(answer.placement.reason)),
    }
    return view if answer.recorded is None else view | {"recorded": dict(answer.recorded)}


def view_problem(problem: Problem) -> dict[str, Any]:
    """Return what ``vitrine check --json`` shows of one finding."""
    return {
        "key": problem.message.key,
        "text": str(wording.say(problem.message)),
        "is_fatal": problem.is_fatal,
    }


def _view_labels(result: Classification) -> list[dict[str, Any]]:
    return [{"label": score.label, "prob": score.prob} for score in result.labels]


def _view_attribution(result: Attribution) -> dict[str, Any]:
    faithfulness = result.faithfulness
    return {
        "method": result.method,
        "label": result.label,
        "prob": result.prob,
        "labels": _view_labels(result.classification),
        "patch_size": result.patch_size,
        "scores": result.scores,
        "faithfulness": {
            "marked_first": faithfulness.marked_first,
            "at_random": faithfulness.at_random,
            "num_random_orders": faithfulness.num_random_orders,
            "is_better_than_random": faithfulness.is_better_than_random,
        },
    }
