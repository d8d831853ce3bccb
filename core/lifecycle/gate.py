"""May the team go on to the next phase? If not: how many things are missing, and which comes first?

Owns the rule of the gate and the key and values of its sentence, the headline of the board. Knows no words,
no screen and no file. What it counts is exactly what it lists: ``len(gate.missing)`` is the number in the
sentence.

The rule, by severity: *stops* needs evidence, *matters* needs at least an answer, *nice* is never in the way.
An answer that turned out bad is in the way whatever its severity; a question that does not apply, with a
reason, is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.lifecycle.checklist import Checklist, Item, Phase
from core.lifecycle.checks import CheckOutcome, check_project
from core.lifecycle.project import Project
from core.specs import Message


@dataclass(frozen=True, slots=True)
class Progress:
    """How many questions of a phase stand where. The five states add up to ``total``."""

    total: int
    evidence: int
    answered: int
    not_applicable: int
    open: int
    stops: int
    missing: int
    """Those in the way of the next phase; some of them are answered, but without evidence."""

    @property
    def sentence(self) -> Message:
        """Return "9 of 14 with evidence, 3 missing"."""
        return Message(
            "lifecycle/gate.progress",
            {"evidence": self.evidence, "total": self.total, "missing": self.missing},
        )


@dataclass(frozen=True, slots=True)
class Gate:
    """The way from one phase to the next."""

    phase: Phase
    next_phase: Phase | None
    missing: tuple[str, ...]
    """Codes of what is in the way, the first to do first."""
    progress: Progress
    sentence: Message
    passed_on: str
    """ISO date of the last dated answer, once the gate is open; nothing where nobody gave a date."""

    @property
    def is_open(self) -> bool:
        """Whether nothing in this phase is in the way."""
        return not self.missing


@dataclass(frozen=True, slots=True)
class Board:
    """The whole board: a gate per phase, and where each question stands."""

    gates: tuple[Gate, ...]
    outcomes: Mapping[str, CheckOutcome]

    @property
    def current(self) -> Gate:
        """Return the phase in work: the first whose gate is closed, or the last when all are open."""
        return next((gate for gate in self.gates if not gate.is_open), self.gates[-1])

    @property
    def sentence(self) -> Message:
        """Return the headline of the board."""
        return self.current.sentence

    def get_gate(self, phase: str) -> Gate:
        """Return the gate of one phase.

        Raises:
            KeyError: there is no such phase.
        """
        for gate in self.gates:
            if gate.phase.slug == phase:
                return gate
        raise KeyError(phase)

    def has_reached(self, phase: str) -> bool:
        """Whether every earlier gate is open, so that this phase may be worked on."""
        return self.gates.index(self.get_gate(phase)) <= self.gates.index(self.current)


def read_board(checklist: Checklist, project: Project) -> Board:
    """Work out the whole board from a team's answers."""
    outcomes = check_project(checklist, project)
    return Board(
        tuple(_read_gate(checklist, project, phase, outcomes) for phase in checklist.phases), outcomes
    )


def is_in_the_way(item: Item, outcome: CheckOutcome) -> bool:
    """Whether one question keeps the team from the next phase."""
    if outcome.state == "stops":
        return True
    if item.severity == "stops":
        return outcome.state in {"open", "answered"}
    return item.severity == "matters" and outcome.state == "open"


def _read_gate(
    checklist: Checklist, project: Project, phase: Phase, outcomes: Mapping[str, CheckOutcome]
) -> Gate:
    items = checklist.list_items(phase.slug)
    in_the_way = [item for item in items if is_in_the_way(item, outcomes[item.code])]
    # What was found to be bad comes first, then what nobody may do without, then the rest, each in board
    # order.
    in_the_way.sort(key=lambda item: (outcomes[item.code].state != "stops", item.severity != "stops"))
    progress = _count([outcomes[item.code] for item in items], len(in_the_way))
    dates = [project.answers[item.code].when for item in items if item.code in project.answers]
    return Gate(
        phase=phase,
        next_phase=checklist.get_next_phase(phase.slug),
        missing=tuple(item.code for item in in_the_way),
        progress=progress,
        sentence=_compose(phase, in_the_way, outcomes, progress),
        passed_on="" if in_the_way else max(dates, default=""),
    )


def _compose(
    phase: Phase, in_the_way: list[Item], outcomes: Mapping[str, CheckOutcome], progress: Progress
) -> Message:
    if not in_the_way:
        values = {"deed": phase.deed, "evidence": progress.evidence, "total": progress.total}
        return Message("lifecycle/gate.open", values)
    first = in_the_way[0]
    is_bad = outcomes[first.code].state == "stops"
    return Message(
        "lifecycle/gate.stopped" if is_bad else "lifecycle/gate.closed",
        {"deed": phase.deed, "count": len(in_the_way), "first": first.stopped if is_bad else first.missing},
    )


def _count(outcomes: list[CheckOutcome], missing: int) -> Progress:
    states = [outcome.state for outcome in outcomes]
    return Progress(
        total=len(states),
        evidence=states.count("evidence"),
        answered=states.count("answered"),
        not_applicable=states.count("not_applicable"),
        open=states.count("open"),
        stops=states.count("stops"),
        missing=missing,
    )
