"""A project as a Markdown text: to print, to mail, to put into a repository.

Owns the order of the report (the gate sentence first, then what is missing, then every question) and makes
sure that nothing a visitor typed can act as markup, HTML, or a formula in a spreadsheet. The words are in
``lifecycle/report.yaml``; what counts and what is missing is decided by ``core.lifecycle``.
"""

from __future__ import annotations

import re

from core.lifecycle.checklist import Checklist, Item, Phase
from core.lifecycle.checks import is_web_address, say_value
from core.lifecycle.gate import Board, read_board
from core.lifecycle.project import Answer, Project
from core.specs import Message
from core.wording import Sentence, say

_WORDS = "lifecycle/report"
_MARKUP = re.compile(r"([\\`*_{}\[\]()#|~!$])")
_FORMULA_STARTS = ("=", "+", "-", "@")
_OUTSIDE_ADDRESS = re.compile(r"[^A-Za-z0-9\-._~:/?#@!$&'*+,;=%]")


def build_markdown(checklist: Checklist, project: Project) -> str:
    """Return the whole project as Markdown, the same text for the same project."""
    board = read_board(checklist, project)
    title = escape_markdown(project.title) or _say("untitled")
    lines = [f"# {title}", ""]
    if project.goal:
        # Behind its label: a goal that begins with "1." must not become a list.
        lines += [_say("goal", goal=escape_markdown(project.goal)), ""]
    lines += [_mark_up(say(board.sentence)), "", f"## {_say('missing-title')}", ""]
    lines += [*_list_missing(checklist, board), ""]
    for phase in checklist.phases:
        lines += _describe_phase(checklist, project, board, phase)
    unknown = [code for code in project.answers if not checklist.has_item(code)]
    if unknown:
        lines += [f"## {_say('unknown-title')}", ""]
        for code in unknown:
            lines += [f"- {_say('unknown-item', code=code)}", *_describe_unknown(project.answers[code])]
        lines += [""]
    lines += [_say("footer")]
    return "\n".join(lines) + "\n"


def escape_markdown(text: str) -> str:
    """Make a visitor's text one line that Markdown, HTML and spreadsheets all take for plain words."""
    line = " ".join(text.split())  # a line break could begin a heading, a list or a table row
    escaped = _MARKUP.sub(r"\\\1", line)
    escaped = escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # GitHub and others turn bare addresses into links; a link must be one that we have looked at.
    escaped = escaped.replace("://", "\\://").replace("www.", "www\\.")
    return f"'{escaped}" if line.startswith(_FORMULA_STARTS) else escaped


def _list_missing(checklist: Checklist, board: Board) -> list[str]:
    missing = board.current.missing
    if not missing:
        return [_say("missing-none")]
    lines: list[str] = []
    for number, code in enumerate(missing, start=1):
        item = checklist.get_item(code)
        role = checklist.get_role(item.role).name
        lines.append(f"{number}. {_say('missing-item', code=code, question=item.question, role=role)}")
        lines.append(f"    - {_say('needed', rule=item.evidence.rule)}")
    return lines


def _describe_phase(checklist: Checklist, project: Project, board: Board, phase: Phase) -> list[str]:
    gate = board.get_gate(phase.slug)
    title = _say("phase-title", number=phase.number, short=phase.short, name=phase.name)
    progress = gate.progress
    counts = {"evidence": progress.evidence, "total": progress.total, "missing": progress.missing}
    lines = [f"## {title}", "", _say("phase-progress", **counts), ""]
    for item in checklist.list_items(phase.slug):
        outcome = board.outcomes[item.code]
        state = _say(f"states.{outcome.state}")
        lines.append(f"- {_say('item', state=state, code=item.code, question=item.question)}")
        lines += _describe_answer(item, project.answers.get(item.code), outcome.reason, outcome.state)
    return [*lines, ""]


def _describe_answer(item: Item, answer: Answer | None, reason: Message, state: str) -> list[str]:
    lines: list[str] = []
    if answer is not None:
        if state != "evidence":
            lines.append(_say("says", reason=str(say(reason))))
        lines += _describe_given(answer, item.evidence.asks, item.evidence.unit)
    if state in {"open", "answered", "stops"}:
        lines.append(_say("needed", rule=item.evidence.rule))
    return [f"    - {line}" for line in lines]


def _describe_unknown(answer: Answer) -> list[str]:
    return [f"    - {line}" for line in _describe_given(answer, _say("number-label"), "")]


def _describe_given(answer: Answer, asks: str, unit: str) -> list[str]:
    lines: list[str] = []
    if answer.text:
        lines.append(_say("text", text=escape_markdown(answer.text)))
    if answer.value is not None:
        key = "number-unit" if unit else "number"
        lines.append(_say(key, asks=asks, value=say_value(answer.value), unit=unit))
    if answer.link:
        lines.append(_say("link", link=_write_link(answer.link)))
    who = escape_markdown(answer.who)
    if who and answer.when:
        lines.append(_say("by", who=who, when=answer.when))
    elif who:
        lines.append(_say("by-who", who=who))
    elif answer.when:
        lines.append(_say("by-when", when=answer.when))
    return lines


def _write_link(link: str) -> str:
    """Write an address that leads where it says; anything else as plain words."""
    if not is_web_address(link) or _OUTSIDE_ADDRESS.search(link):
        return escape_markdown(link)
    return f"<{link}>"


def _say(key: str, /, **values: object) -> str:
    return _mark_up(say(f"{_WORDS}.{key}", **values))


def _mark_up(sentence: Sentence) -> str:
    return "".join(f"**{span.text}**" if span.meaning else span.text for span in sentence.spans)
