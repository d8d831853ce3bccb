"""scikit-learn models as files: opened with skops, from verified bytes, with a list of trusted types.

Owns the only place where a stored estimator is built; nothing is ever unpickled. Knows no model: who calls says which
types the file may hold beside skops' own safe list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.contracts import ModelFiles
from core.errors import ModelFileError
from core.specs import ModelSpec


def open_estimator(spec: ModelSpec, files: ModelFiles, name: str, trusted_types: Sequence[str]) -> Any:
    """Return what the file ``name`` holds.

    Raises:
        ModelFileError: the file is missing or not the published one, or holds a type that is not trusted; key
            ``model-file-broken``.
    """
    from skops import io

    content = files.read(name)
    try:
        return io.loads(content, trusted=list(trusted_types))
    except Exception as error:  # skops raises whatever the broken part of the file leads to
        raise ModelFileError("model-file-broken", model_id=spec.model_id, file=name) from error
