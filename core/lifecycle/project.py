"""A team's project: its name, its goal, and one answer to each question that somebody has touched.

Owns what an answer may hold and keeps every text within bounds, whoever wrote it (a visitor, a file, a
program). Knows neither the questions nor whether an answer counts: answers to codes that this version has
never heard of are kept like all others, so that a file from a colleague with a longer list loses nothing
here.
"""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from core.errors import ProjectError

AnswerState = Literal["open", "answered", "evidence", "not_applicable", "stops"]
"""As in the style guide: ring, half, ringed tick, bar, octagon."""

ANSWER_STATES: tuple[AnswerState, ...] = get_args(AnswerState)

MAX_TITLE = 80
MAX_GOAL = 500
MAX_TEXT = 2_000
MAX_LINK = 500
MAX_WHO = 80
MAX_ANSWERS = 1_000
# Joiners (U+200C, U+200D) are not among them: Persian, Hindi and many emoji are misspelt without them.
_DIRECTION_MARKS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_CODE = re.compile(r"LC[0-9]{3,6}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody said about one question. ``state`` is their claim; ``checks.check_answer`` decides.

    Raises:
        ProjectError: a text is too long, the number is not finite, the date is not a date, or the state is
            unknown.
    """

    state: AnswerState
    text: str = ""
    """The note; or the table or model that a number comes from; or why the question does not apply."""
    value: float | None = None
    link: str = ""
    who: str = ""
    when: str = ""
    """An ISO date, ``2026-03-02``, or nothing."""

    def __post_init__(self) -> None:
        if self.state not in ANSWER_STATES:
            raise ProjectError("project-wrong", where="state")
        for name, limit in (("text", MAX_TEXT), ("link", MAX_LINK), ("who", MAX_WHO)):
            object.__setattr__(self, name, _clean(getattr(self, name), limit))
        if self.value is not None:
            if not math.isfinite(self.value):
                raise ProjectError("project-number-wrong")
            object.__setattr__(self, "value", float(self.value))
        if self.when:
            try:
                day = datetime.date.fromisoformat(self.when)
            except ValueError as error:
                raise ProjectError("project-date-wrong") from error
            object.__setattr__(self, "when", day.isoformat())


@dataclass(frozen=True, slots=True)
class Project:
    """One project. Changing it makes a new one, so that a screen can compare before and after.

    Raises:
        ProjectError: a text is too long, a code has the wrong form, or there are too many answers.
    """

    title: str
    goal: str = ""
    answers: Mapping[str, Answer] = field(default_factory=dict[str, Answer])

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", _clean(self.title, MAX_TITLE))
        object.__setattr__(self, "goal", _clean(self.goal, MAX_GOAL))
        if len(self.answers) > MAX_ANSWERS:
            raise ProjectError("project-too-many-answers", limit=MAX_ANSWERS)
        if any(not _CODE.fullmatch(code) for code in self.answers):
            raise ProjectError("project-wrong", where="answers")
        object.__setattr__(self, "answers", dict(sorted(self.answers.items())))

    def with_answer(self, code: str, answer: Answer) -> Project:
        """Return this project with one answer set."""
        return replace(self, answers={**self.answers, code: answer})

    def without_answer(self, code: str) -> Project:
        """Return this project with one question open again."""
        return replace(
            self, answers={known: answer for known, answer in self.answers.items() if known != code}
        )

    def with_words(self, *, title: str | None = None, goal: str | None = None) -> Project:
        """Return this project with another title or goal."""
        return replace(
            self, title=self.title if title is None else title, goal=self.goal if goal is None else goal
        )


def _clean(text: str, limit: int) -> str:
    """Drop what nobody can see and a file cannot hold, then measure.

    Control characters, halves of surrogate pairs and the marks that turn the direction of writing have no use
    in an answer, and can make a line read as something else than what is stored.
    """
    lines = "\n".join(text.splitlines())  # every kind of line break becomes the plain one
    kept = "".join(char for char in lines if char in "\n\t" or not _is_hidden(char)).strip()
    if len(kept) > limit:
        raise ProjectError("project-text-too-long", length=len(kept), limit=limit)
    return kept


def _is_hidden(char: str) -> bool:
    return char in _DIRECTION_MARKS or unicodedata.category(char) in {"Cc", "Cs"}
