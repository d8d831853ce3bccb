"""What a recipe leaves behind: a model's folder with its files, its card, and its entry in the lock.

Owns the form of ``card.json`` and ``lock.json`` and how they get onto the disk: whole or not at all. Knows no
framework; a recipe hands over bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from core.specs import Task

if TYPE_CHECKING:
    from core.data.datasets import PictureDataset, TableDataset

CARD_FILE = "card.json"
LOCK_FILE = "lock.json"
WRITER_TIMEOUT_S = 60.0
"""How long a training waits for another one that is writing into the same folder, which takes a moment."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured figure, with its 95 % interval where there is one."""

    name: str
    value: float
    low: float | None
    high: float | None
    n: int
    """How many rows or samples it was measured on."""
    split: str
    """Which rows: ``test``, ``validation`` or ``generated``."""
    note: str


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a model was trained on."""

    name: str
    license: str
    source: str
    rows_used: int
    split: str

    @classmethod
    def of(cls, data: TableDataset | PictureDataset) -> Self:
        """Describe the training rows of a data set, in the words of the data set."""
        return cls(data.dataset_id, data.license, data.source, len(data.split.train), data.split.description)


@dataclass(frozen=True, slots=True)
class Card:
    """Everything a model says about itself; parameters and sizes are counted, never typed in."""

    model_id: str
    task: Task
    dataset: str
    summary: str
    num_parameters: int
    data: TrainingData
    recipe: str
    seed: int
    metrics: Sequence[Metric]
    limits: Sequence[str]
    built_with: Sequence[str]
    """Packages whose versions are recorded."""
    license: str = "Apache-2.0"


def write_model(out_dir: Path, card: Card, files: Mapping[str, bytes]) -> Path:
    """Write ``out_dir/<model_id>/`` and its entry in ``out_dir/lock.json``; return the folder.

    The folder is made beside its place and then swapped in, so a reader sees the old model or the new one.
    Between the two renames and the lock a reader may see files that are not in the lock: it refuses them
    and says so. Trainings that end at the same time write one after the other; if the swap or the lock
    fails, the old folder comes back.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    described = _describe(card, files)
    folder = out_dir / card.model_id
    with _only_writer(out_dir), tempfile.TemporaryDirectory(dir=out_dir, prefix=".writing-") as scratch:
        new, old, failed = (Path(scratch) / name for name in ("new", "old", "failed"))
        new.mkdir()
        new.chmod(0o755)
        for name, content in {**files, CARD_FILE: described}.items():
            (new / name).write_bytes(content)
        if folder.exists():
            folder.rename(old)
        try:
            new.rename(folder)
            _lock_files(out_dir, card.model_id)
        except BaseException:
            if folder.exists():
                folder.rename(failed)
            if old.exists():
                old.rename(folder)
            raise
    return folder


def lock_files(out_dir: Path, model_id: str) -> None:
    """Write the sha256 of every file of a model into ``out_dir/lock.json``; other models stay as they are."""
    with _only_writer(out_dir):
        _lock_files(out_dir, model_id)


@contextmanager
def _only_writer(out_dir: Path) -> Generator[None]:
    """Hold the folder against other threads and processes that write models into it."""
    from filelock import FileLock  # inside: its import takes 80 ms, and most programs never write a model

    path = out_dir / ".writer"
    with FileLock(path, timeout=WRITER_TIMEOUT_S):
        try:
            yield
        finally:
            # The folder is shipped, so nothing is left in it. Whoever already waits at this file sees that it
            # was unlinked and starts over (filelock looks at the number of its names); Windows keeps it.
            with suppress(OSError):
                path.unlink()


def _lock_files(out_dir: Path, model_id: str) -> None:
    path = out_dir / LOCK_FILE
    lock: dict[str, dict[str, str]] = json.loads(path.read_bytes()) if path.exists() else {}
    lock[model_id] = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted((out_dir / model_id).iterdir())
    }
    write_atomically(path, to_json(dict(sorted(lock.items()))))


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, even if the process is killed."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")  # two writers never share one
    try:
        with partial.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def to_json(value: Any) -> bytes:
    """Return readable JSON with a line break at its end, the same bytes for the same value."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _describe(card: Card, files: Mapping[str, bytes]) -> bytes:
    fields = asdict(card)
    fields["metrics"] = [
        {name: round(value, 6) if isinstance(value, float) else value for name, value in metric.items()}
        for metric in fields["metrics"]
    ]
    fields["built_with"] = {package: version(package) for package in card.built_with}
    others = sum(len(content) for content in files.values())
    # the card counts itself: its own length changes with the digits of the sum, so go round until it stands
    size = others
    while True:
        content = to_json({**fields, "size_bytes": size})
        if size == others + len(content):
            return content
        size = others + len(content)
