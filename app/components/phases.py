"""The four phases of a project as pictures: bars for the door on Home, dots for the thin columns of the board.

Owns how progress looks; decides nothing: what counts is worked out in ``core.lifecycle.gate``.
"""

from __future__ import annotations

from app.components.html import escape, word
from core.lifecycle.checklist import get_checklist
from core.lifecycle.gate import Board, Gate, Progress

_WORDS = "project-board.door"


def phases_html(board: Board | None = None) -> str:
    """Return four bars with their names: how far a project has come, or how many questions there are."""
    if board is None:
        checklist = get_checklist()
        cells = [
            _bar(phase.short, 0.0, word(f"{_WORDS}.questions", count=len(checklist.list_items(phase.slug))))
            for phase in checklist.phases
        ]
    else:
        cells = [_bar(gate.phase.short, _share(gate.progress), _say(board, gate)) for gate in board.gates]
    return f'<ol class="v-phases">{"".join(cells)}</ol>'


def dots_html(progress: Progress) -> str:
    """Return one dot for each question: filled where there is evidence. The number stands beside it as text."""
    hollow = progress.total - progress.evidence
    return f'<div class="v-phase-dots" aria-hidden="true">{"<i></i>" * progress.evidence}{"<u></u>" * hollow}</div>'


def _say(board: Board, gate: Gate) -> str:
    progress = gate.progress
    counts = {"evidence": progress.evidence, "total": progress.total, "missing": progress.missing}
    if gate.is_open:
        return word(f"{_WORDS}.done", **counts)
    if progress.evidence or board.has_reached(gate.phase.slug):
        return word(f"{_WORDS}.missing", **counts)
    return word(f"{_WORDS}.not-yet")


def _share(progress: Progress) -> float:
    """Return the share with evidence of the questions that apply: where all that apply have it, the bar is full."""
    applying = progress.total - progress.not_applicable
    return progress.evidence / applying if applying else 1.0


def _bar(name: str, share: float, text: str) -> str:
    bar = f'<i aria-hidden="true"><u style="width:{share * 100:.1f}%"></u></i>'
    return f"<li>{bar}<b>{escape(name)}</b><span>{text}</span></li>"
