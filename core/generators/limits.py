"""What may be asked of any generator. Owns the limits that all share; knows no model."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import InputError
from core.requests import GenerateRequest

MAX_SEED = 2**32 - 1


def check_request(request: GenerateRequest, labels: Sequence[str], max_num: int) -> None:
    """Refuse a request that no generator can answer.

    Raises:
        InputError: keys ``label-unknown``, ``num-out-of-range``, ``seed-out-of-range``.
    """
    if request.label is not None and request.label not in labels:
        raise InputError("label-unknown", label=request.label[:40], known=", ".join(labels))
    if not 1 <= request.num <= max_num:
        raise InputError("num-out-of-range", num=request.num, highest=max_num)
    if not 0 <= request.seed <= MAX_SEED - request.num:
        raise InputError("seed-out-of-range", highest=MAX_SEED - max_num)
