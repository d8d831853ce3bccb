"""The files of a model, verified before anybody opens them.

Owns where the bundled files lie (``assets/models/<model_id>/``) and the lock beside them
(``assets/models/lock.json``: model_id -> file name -> sha256, written by the recipes). Knows no framework and
no format: it hands out bytes, the very bytes that were verified, so nothing can change between check and use.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from core.assets import get_assets_dir
from core.errors import ModelFileError
from core.specs import ModelSpec

_CHUNK_BYTES = 256 * 1024

ReportBytes = Callable[[int, int], None]
"""Called with (bytes read and verified so far, bytes of all files of the model)."""


def read_lock(folder: Path | None = None) -> Mapping[str, Mapping[str, str]]:
    """Return the lock: model_id -> file name -> sha256 in hexadecimal.

    Raises:
        ModelFileError: key ``model-lock-unreadable``.
    """
    path = (folder or _get_models_dir()) / "lock.json"
    try:
        return cast("Mapping[str, Mapping[str, str]]", json.loads(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise ModelFileError("model-lock-unreadable", file="lock.json") from error


def get_files(spec: ModelSpec, report: ReportBytes | None = None, folder: Path | None = None) -> BundledFiles:
    """Return a reader for the files of a model; it has not read any yet.

    Args:
        spec: the model.
        report: told how many bytes were read, while they are read.
        folder: the folder of models; the one that ships with Vitrine if not given.
    """
    folder = folder or _get_models_dir()
    return BundledFiles(spec.model_id, folder, read_lock(folder).get(spec.model_id, {}), report)


class BundledFiles:
    """The files of one bundled model (a ``core.contracts.ModelFiles``)."""

    def __init__(
        self,
        model_id: str,
        folder: Path,
        sha256_by_name: Mapping[str, str],
        report: ReportBytes | None = None,
    ) -> None:
        self._model_id = model_id
        self._folder = folder / model_id
        self._sha256_by_name = sha256_by_name
        self._report = report
        self._done_by_name: dict[str, int] = {}

    @property
    def total_bytes(self) -> int:
        """The size of all files that the lock names; those that are missing count nothing."""
        paths = (self._folder / name for name in self._sha256_by_name)
        return sum(path.stat().st_size for path in paths if path.is_file())

    def read(self, name: str) -> bytes:
        """Return the verified content of one file.

        Raises:
            ModelFileError: keys ``model-file-unlisted`` (not in the lock, which also refuses every path that
            leads
                elsewhere), ``model-file-missing``, ``model-file-changed``.
        """
        expected = self._sha256_by_name.get(name)
        # Even a lock that was tampered with cannot lead out of the model's folder.
        if expected is None or Path(name).name != name or "\\" in name:
            raise ModelFileError("model-file-unlisted", model_id=self._model_id, file=name[:80])
        sha256 = hashlib.sha256()
        chunks: list[bytes] = []
        total_bytes = self.total_bytes
        try:
            with (self._folder / name).open("rb") as file:
                while chunk := file.read(_CHUNK_BYTES):
                    sha256.update(chunk)
                    chunks.append(chunk)
                    self._tell(name, file.tell(), total_bytes)
        except OSError as error:
            raise ModelFileError("model-file-missing", model_id=self._model_id, file=name) from error
        if sha256.hexdigest() != expected:
            raise ModelFileError("model-file-changed", model_id=self._model_id, file=name)
        return b"".join(chunks)

    def _tell(self, name: str, done_bytes: int, total_bytes: int) -> None:
        self._done_by_name[name] = done_bytes
        if self._report is not None:
            self._report(sum(self._done_by_name.values()), total_bytes)


def _get_models_dir() -> Path:
    return get_assets_dir() / "models"
