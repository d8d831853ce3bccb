"""Every error that Vitrine raises on purpose.

Owns the tree below and nothing else: an error carries a *key* and *values*; the words for it (what happened,
what it means, what to do) live in ``assets/content/<language>/errors.yaml`` and are filled in by
``core.wording.explain_error``. Knows no language, no screen and no transport.

    VitrineError
    ├── InputError            what a visitor gave cannot be used; nothing was computed
    ├── NotFoundError         no such model, data set, recipe, demo or method
    ├── IncompatibleError     these two things do not go together (an explainer and a model, a label and a generator)
    ├── ModelFileError        a model's file is missing or is not the one that was published
    ├── EngineError
    │   ├── EngineBusyError   the queue is full; says when to try again
    │   ├── CancelledError    the visitor left or cancelled; nobody is waiting for the answer
    │   └── JobFailedError    one request failed inside a model; the others go on
    ├── ProjectError          a project file cannot be read or written; the old one is untouched
    └── StartError            the process must not start like this (a setting, a version, a port)
"""

from __future__ import annotations

from typing import Self


class VitrineError(Exception):
    """The base of all errors of this project.

    Args:
        key: the entry of ``errors.yaml`` that words this error, for instance ``picture-too-large``.
        **values: what the words need: numbers and names, never a visitor's text in full.
    """

    def __init__(self, key: str, /, **values: object) -> None:
        self.key = key
        self.values: dict[str, object] = values
        super().__init__(key, values)

    def again(self) -> Self:
        """Return the same error as a new object, to be raised for somebody else.

        One object that is raised in several threads mixes their tracebacks, and keeps the last visitor's frames alive.
        """
        fresh = type(self).__new__(type(self), self.key, self.values)
        fresh.__dict__.update(self.__dict__)
        return fresh

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.values.items())
        return f"{self.key} ({shown})" if shown else self.key


class InputError(VitrineError):
    """What a visitor gave cannot be used; nothing was computed and nothing of theirs is lost."""


class NotFoundError(VitrineError):
    """No such model, data set, recipe, demo or method."""


class IncompatibleError(VitrineError):
    """Two things that do not go together, such as an explainer and a model of another kind."""


class ModelFileError(VitrineError):
    """A model's file is missing, or its sha256 is not the one in the lock; it was not opened."""


class EngineError(VitrineError):
    """The engine could not answer."""


class EngineBusyError(EngineError):
    """The queue is full. ``retry_after_s`` says, in seconds, when a place is likely to be free."""

    def __init__(self, key: str = "engine-busy", /, *, retry_after_s: float) -> None:
        super().__init__(key, retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s


class CancelledError(EngineError):
    """The visitor left or cancelled; the slot was freed at the next step."""

    def __init__(self, key: str = "cancelled", /, **values: object) -> None:
        super().__init__(key, **values)


class JobFailedError(EngineError):
    """One request failed inside a model. The cause is in the log under ``reference``, never on the screen."""


class ProjectError(VitrineError):
    """A project file cannot be read or written; what was there before is untouched."""


class StartError(VitrineError):
    """The process must not start like this: a setting, a version or a port is wrong."""
