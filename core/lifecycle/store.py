"""A project as a file: to download and bring back, or kept in the state folder of the host.

Owns the JSON schema (``FORMAT``, ``VERSION``), its limits, and saving so that nothing is ever lost: a file
appears whole or not at all, and whoever saves over a newer version is told instead. Knows neither questions
nor screens. A project is found only by its id, which cannot be guessed; there is no list of them.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import tempfile
from collections.abc import Generator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

from core.errors import ProjectError
from core.lifecycle.project import Answer, Project
from core.settings import get_settings

FORMAT = "vitrine-project"
VERSION = 1
MAX_BYTES = 1_000_000
LOCK_TIMEOUT_S = 10.0
_PROJECT_ID = re.compile(r"[0-9a-f]{32}")
_SCRATCH = re.compile(r"\.[0-9a-f]{32}\..+\.tmp")
_ANSWER_FIELDS = tuple(field.name for field in fields(Answer))
_Plain = TypeVar("_Plain", int, float, str)
_TOP_FIELDS = {"format", "version", "revision", "title", "goal", "answers"}


@dataclass(frozen=True, slots=True)
class SavedProject:
    """A project that lies in a store, and which of its versions this is."""

    project_id: str
    revision: int
    project: Project

    def with_project(self, project: Project) -> SavedProject:
        """Return the same place and version with other content, ready to be saved."""
        return replace(self, project=project)


def write_project(project: Project, *, revision: int = 1) -> bytes:
    """Return a project as JSON, UTF-8, the same bytes for the same project.

    Raises:
        ProjectError: it is larger than ``read_project`` would accept; key ``project-too-large``.
    """
    content = {
        "format": FORMAT,
        "version": VERSION,
        "revision": revision,
        "title": project.title,
        "goal": project.goal,
        "answers": {code: asdict(answer) for code, answer in project.answers.items()},
    }
    data = (json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode("utf-8")
    _require_small(len(data))
    return data


def read_project(data: bytes) -> Project:
    """Read a project from the bytes of a file, as a visitor uploads it.

    Raises:
        ProjectError: ``project-too-large``, ``project-unreadable`` (not JSON), ``project-newer`` (a later
            version of Vitrine wrote it), ``project-wrong`` (with the place), or what ``Project`` and
            ``Answer`` refuse.
    """
    return _read(data)[0]


class ProjectStore:
    """A folder with one JSON file per project. Threads and processes may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, project: Project) -> SavedProject:
        """Keep a new project under an id that cannot be guessed.

        Raises:
            ProjectError: ``project-not-saved`` or ``project-too-large``.
        """
        saved = SavedProject(secrets.token_hex(16), 1, project)
        with self._locked():
            self._replace(saved)
        return saved

    def load(self, project_id: str) -> SavedProject:
        """Read a project.

        Raises:
            ProjectError: ``project-missing``, or what ``read_project`` raises.
        """
        path = self._get_path(project_id)
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except FileNotFoundError as error:
            raise ProjectError("project-missing") from error
        except OSError as error:
            raise ProjectError("project-unreadable") from error
        project, revision = _read(data)
        return SavedProject(project_id, revision, project)

    def save(self, saved: SavedProject) -> SavedProject:
        """Put a changed project in the place of the version it was made from; return the new version.

        Raises:
            ProjectError: ``project-changed`` when somebody saved in between (theirs stays),
                ``project-missing``, ``project-not-saved`` (the old file stays), ``project-busy``,
                ``project-too-large``, or what ``load`` raises: a file that
                cannot be read is never overwritten.
        """
        with self._locked():
            present = self.load(saved.project_id)
            if present.revision != saved.revision:
                raise ProjectError("project-changed")
            newer = replace(saved, revision=saved.revision + 1)
            self._replace(newer)
        return newer

    def delete(self, project_id: str) -> None:
        """Delete everything that is kept about a project.

        Raises:
            ProjectError: ``project-missing`` or ``project-not-saved``.
        """
        path = self._get_path(project_id)
        with self._locked():
            self._sweep()
            try:
                for scratch in self._folder.glob(f".{project_id}.*.tmp"):
                    scratch.unlink()  # what the sweep could not remove: a person's text, so that is said
                path.unlink()
            except FileNotFoundError as error:
                raise ProjectError("project-missing") from error
            except OSError as error:
                raise ProjectError("project-not-saved") from error
            self._sync_folder()

    def _get_path(self, project_id: str) -> Path:
        # The id comes from an address bar: anything but our own form, "../" above all, is simply not there.
        if not _PROJECT_ID.fullmatch(project_id):
            raise ProjectError("project-missing")
        return self._folder / f"{project_id}.json"

    @contextlib.contextmanager
    def _locked(self) -> Generator[None]:
        from filelock import FileLock, Timeout  # inside: its import takes 80 ms, and most visitors never save

        lock = FileLock(self._folder / ".lock", timeout=LOCK_TIMEOUT_S)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.acquire()
        except Timeout as error:
            raise ProjectError("project-busy") from error
        except OSError as error:
            raise ProjectError("project-not-saved") from error
        try:
            yield
        finally:
            lock.release()

    def _replace(self, saved: SavedProject) -> None:
        """Write beside the old file, wait for the disk, then swap: a power cut leaves one of the two."""
        path = self._get_path(saved.project_id)
        data = write_project(saved.project, revision=saved.revision)
        self._sweep()
        scratch: str | None = None
        try:
            handle, scratch = tempfile.mkstemp(
                prefix=f".{saved.project_id}.", suffix=".tmp", dir=self._folder
            )
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(scratch).replace(path)
        except OSError as error:
            if scratch is not None:
                with contextlib.suppress(OSError):
                    Path(scratch).unlink()
            raise ProjectError("project-not-saved") from error
        self._sync_folder()

    def _sweep(self) -> None:
        """Remove what killed processes left half written, of any project.

        To be called under the lock: nobody else is writing, so every scratch file is a leftover. Also those of
        other projects, for the id of one that was killed while it was created is known to nobody.
        """
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                if _SCRATCH.fullmatch(path.name):
                    with contextlib.suppress(OSError):
                        path.unlink()

    def _sync_folder(self) -> None:
        """Wait until the disk knows the new names too; where a folder cannot be synced, the swap stands anyway."""
        with contextlib.suppress(OSError):
            handle = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def get_project_store() -> ProjectStore:
    """Return the store in the state folder of the settings. Nothing is created before the first save."""
    return ProjectStore(get_settings().state_dir / "projects")


def _read(data: bytes) -> tuple[Project, int]:
    _require_small(len(data))
    try:
        raw: object = json.loads(
            data.decode("utf-8-sig"), parse_constant=_refuse, object_pairs_hook=_pair_once
        )
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise ProjectError("project-unreadable") from error
    content = _as_object(raw, "file")
    if content.get("format") != FORMAT:
        raise ProjectError("project-wrong", where="format")
    version = _as(int, content.get("version"), "version")
    if version > VERSION:
        raise ProjectError("project-newer", version=version, known=VERSION)
    if version < 1:
        raise ProjectError("project-wrong", where="version")
    # An unknown field would be lost at the next save; better to say so than to lose it.
    _require_fields(content, _TOP_FIELDS, "file")
    answers = {
        code: _read_answer(code, answer)
        for code, answer in _as_object(content.get("answers"), "answers").items()
    }
    project = Project(
        title=_as(str, content.get("title"), "title"),
        goal=_as(str, content.get("goal", ""), "goal"),
        answers=answers,
    )
    revision = _as(int, content.get("revision", 1), "revision")
    if revision < 1:
        raise ProjectError("project-wrong", where="revision")
    return project, revision


def _read_answer(code: str, raw: object) -> Answer:
    place = code[:12]  # the code is a stranger's text until it has been checked
    entry = _as_object(raw, place)
    _require_fields(entry, _ANSWER_FIELDS, place)
    value = entry.get("value")
    if value is not None:
        try:
            value = float(_as(int, value, place) if isinstance(value, int) else _as(float, value, place))
        except OverflowError as error:
            raise ProjectError("project-number-wrong") from error
    texts = {name: _as(str, entry.get(name, ""), place) for name in ("text", "link", "who", "when")}
    state = _as(str, entry.get("state"), place)
    try:
        return Answer(state=cast("Any", state), value=value, **texts)  # Answer refuses an unknown state
    except ProjectError as error:
        if error.key == "project-wrong":
            raise ProjectError("project-wrong", where=place) from error
        raise


def _require_small(num_bytes: int) -> None:
    if num_bytes > MAX_BYTES:
        raise ProjectError("project-too-large", limit_kb=MAX_BYTES // 1000)


def _require_fields(content: dict[str, object], known: set[str] | tuple[str, ...], where: str) -> None:
    if not set(content) <= set(known):
        raise ProjectError("project-wrong", where=where)


def _as_object(raw: object, where: str) -> dict[str, object]:
    if not isinstance(raw, dict):
        raise ProjectError("project-wrong", where=where)
    return cast("dict[str, object]", raw)


def _as(kind: type[_Plain], raw: object, where: str) -> _Plain:
    # bool is an int to Python, but "true" is no version and no measurement.
    if not isinstance(raw, kind) or isinstance(raw, bool):
        raise ProjectError("project-wrong", where=where)
    return raw


def _pair_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a name stands twice in one object; one of the two would be lost")
    return content


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
