"""The questions of the project board: four phases, eight steps, and their items.

Owns the shape of a checklist and reads it from the YAML under ``assets/content/<language>/lifecycle/``,
refusing one that contradicts itself. Knows no project: what a team answered, and whether that counts, is
decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar, cast

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from core.assets import get_assets_dir
from core.errors import StartError
from core.settings import get_settings

Severity = Literal["stops", "matters", "nice"]
EvidenceKind = Literal["note", "number", "link", "data", "model"]

MEASURED: frozenset[EvidenceKind] = frozenset({"number", "data", "model"})
"""Kinds of evidence that hold a number; ``data`` and ``model`` also name what was measured."""

_SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is ten times faster
_FORBID = ConfigDict(extra="forbid")  # a misspelt field must not pass as an absent one
_Entry = TypeVar("_Entry")


@dataclass(frozen=True, slots=True)
class Role:
    """Somebody in the team; ``name`` follows "for the"."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    slug: str
    name: str
    does: str


@dataclass(frozen=True, slots=True)
class Phase:
    """One column of the board. ``deed`` completes "You may ..." once the phase is done."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    slug: str
    number: int
    name: str
    short: str
    deed: str


@dataclass(frozen=True, slots=True)
class Step:
    """One of the eight steps of a project; it belongs to one phase."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    slug: str
    number: int
    name: str
    phase: str
    yields: str
    who: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EvidenceRule:
    """What counts as evidence for one item."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    kind: EvidenceKind
    rule: str
    """The rule in words."""
    asks: str
    """The label of the field that the visitor fills in."""
    unit: str = ""
    smallest: float | None = None
    largest: float | None = None
    whole: bool = False
    stops_below: float | None = None
    stops_above: float | None = None
    stops_at_most: float | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One question of the board."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    code: str
    phase: str
    """Follows from the step, so that the two cannot disagree."""
    step: str
    question: str
    why: str
    bad: str
    good: str
    role: str
    severity: Severity
    missing: str
    """Completes "the first is ..." while nobody has answered."""
    stopped: str
    """Completes "the first is ..." when the answer is bad."""
    evidence: EvidenceRule
    screen: str | None = None
    """The slug of the screen that shows it, which need not be built yet."""
    source: str | None = None
    """Where a named fact in the examples can be read."""


@dataclass(frozen=True, slots=True)
class Checklist:
    """All questions, in the order of the board."""

    phases: tuple[Phase, ...]
    steps: tuple[Step, ...]
    roles: tuple[Role, ...]
    items: tuple[Item, ...]

    def get_item(self, code: str) -> Item:
        """Return one item.

        Raises:
            KeyError: this checklist has no such code; a project may hold answers to later ones.
        """
        return _find(self.items, "code", code)

    def has_item(self, code: str) -> bool:
        """Whether this checklist asks the question with this code."""
        return any(item.code == code for item in self.items)

    def get_phase(self, slug: str) -> Phase:
        """Return one phase.

        Raises:
            KeyError: there is no such phase.
        """
        return _find(self.phases, "slug", slug)

    def get_step(self, slug: str) -> Step:
        """Return one step.

        Raises:
            KeyError: there is no such step.
        """
        return _find(self.steps, "slug", slug)

    def get_role(self, slug: str) -> Role:
        """Return one role.

        Raises:
            KeyError: there is no such role.
        """
        return _find(self.roles, "slug", slug)

    def get_next_phase(self, slug: str) -> Phase | None:
        """Return the phase that opens after this one; None after the last."""
        position = self.phases.index(self.get_phase(slug)) + 1
        return self.phases[position] if position < len(self.phases) else None

    def list_items(self, phase: str) -> tuple[Item, ...]:
        """Return the items of one phase, in the order of the board."""
        return tuple(item for item in self.items if item.phase == phase)


def get_checklist() -> Checklist:
    """Return the checklist in the language of the settings; read once.

    Raises:
        StartError: its YAML is broken; see ``load_checklist``.
    """
    return _load_once(get_assets_dir() / "content" / get_settings().language / "lifecycle")


@cache
def _load_once(folder: Path) -> Checklist:
    return load_checklist(folder)


def load_checklist(folder: Path) -> Checklist:
    """Read the checklist from ``phases.yaml``, ``steps.yaml``, ``roles.yaml`` and ``items.yaml`` of a folder.

    Raises:
        StartError: ``checklist-unreadable`` (no file, or not YAML), ``checklist-wrong`` (a field is absent,
            unknown or of the wrong kind, or names something that does not exist) or ``checklist-repeated``
            (two entries share what must be each one's own). Each names the file and the place.
    """
    phases = _read_entries(folder / "phases.yaml", Phase, numbered=True)
    steps = _read_entries(folder / "steps.yaml", Step, numbered=True)
    roles = _read_entries(folder / "roles.yaml", Role)
    phase_of = {step.slug: step.phase for step in steps}
    items = _read_entries(folder / "items.yaml", Item, phase_of=phase_of)

    _require_unique("phases.yaml", "slug", [(phase.slug, phase.slug) for phase in phases])
    _require_unique("steps.yaml", "slug", [(step.slug, step.slug) for step in steps])
    _require_unique("roles.yaml", "slug", [(role.slug, role.slug) for role in roles])
    _require_unique("items.yaml", "code", [(item.code, item.code) for item in items])
    _require_unique("items.yaml", "question", [(item.code, item.question) for item in items])
    # Two questions that one and the same proof answers are one question.
    _require_unique("items.yaml", "evidence.rule", [(item.code, item.evidence.rule) for item in items])
    _require_unique("items.yaml", "evidence.asks", [(item.code, item.evidence.asks) for item in items])

    phase_slugs = {phase.slug for phase in phases}
    role_slugs = {role.slug for role in roles}
    for step in steps:
        _require_known("steps.yaml", step.slug, "phase", [step.phase], phase_slugs)
        _require_known("steps.yaml", step.slug, "who", step.who, role_slugs)
    for item in items:
        _require_known("items.yaml", item.code, "role", [item.role], role_slugs)
        _require_possible(item)
    return Checklist(phases, steps, roles, items)


def _read_entries(
    path: Path, kind: type[_Entry], *, numbered: bool = False, phase_of: Mapping[str, str] | None = None
) -> tuple[_Entry, ...]:
    try:
        raw: object = yaml.load(path.read_text(encoding="utf-8"), Loader=_SafeLoader)  # noqa: S506
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        mark: yaml.Mark | None = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise StartError("checklist-unreadable", file=path.name, line=line) from error
    if not isinstance(raw, list):
        raise StartError("checklist-unreadable", file=path.name, line=1)
    adapter = TypeAdapter(kind)
    entries: list[_Entry] = []
    for number, raw_entry in enumerate(cast("list[object]", raw), start=1):
        if not isinstance(raw_entry, dict):
            raise StartError("checklist-wrong", file=path.name, entry=f"no. {number}", field="-")
        fields = {str(name): value for name, value in cast("dict[object, Any]", raw_entry).items()}
        name = str(fields.get("code") or fields.get("slug") or f"no. {number}")
        if numbered:
            fields["number"] = number
        if phase_of is not None:
            step = str(fields.get("step"))
            _require_known(path.name, name, "step", [step], phase_of)
            fields["phase"] = phase_of[step]
        try:
            entries.append(adapter.validate_python(fields))
        except ValidationError as error:
            field = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise StartError("checklist-wrong", file=path.name, entry=name, field=field) from error
    return tuple(entries)


def _require_unique(file: str, field: str, named: Sequence[tuple[str, str]]) -> None:
    seen: set[str] = set()
    for entry, value in named:
        if value.casefold() in seen:
            raise StartError("checklist-repeated", file=file, entry=entry, field=field)
        seen.add(value.casefold())


def _require_known(file: str, entry: str, field: str, slugs: Iterable[str], known: Iterable[str]) -> None:
    if not set(slugs) <= set(known):
        raise StartError("checklist-wrong", file=file, entry=entry, field=field)


def _require_possible(item: Item) -> None:
    rule = item.evidence
    limits = (rule.smallest, rule.largest, rule.stops_below, rule.stops_above, rule.stops_at_most)
    has_number_only = any(limit is not None for limit in limits) or rule.whole or bool(rule.unit)
    if has_number_only and rule.kind not in MEASURED:
        raise StartError("checklist-wrong", file="items.yaml", entry=item.code, field="evidence.kind")
    if rule.smallest is not None and rule.largest is not None and rule.smallest >= rule.largest:
        raise StartError("checklist-wrong", file="items.yaml", entry=item.code, field="evidence.largest")


def _find(entries: Sequence[_Entry], field: str, wanted: str) -> _Entry:
    for entry in entries:
        if getattr(entry, field) == wanted:
            return entry
    raise KeyError(wanted)
