"""Project board: four phases of questions, the one in work wide open, and whether the team may go on.

Owns what a visitor sees and does here. Whether an answer counts and a gate is open is decided in ``core.lifecycle``;
the project itself is kept by ``app.project_state``. The address holds which phase and question is looked at, never
what was typed.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from app import pages, project_state, state
from app.components import page
from app.components.html import escape, word, write
from app.components.page import Header
from app.components.phases import dots_html
from app.components.quiz import ask_quiz
from core.lifecycle.checklist import MEASURED, Checklist, Item, get_checklist
from core.lifecycle.checks import CheckOutcome, check_answer, is_web_address, say_value
from core.lifecycle.gate import Board, Gate, read_board
from core.lifecycle.project import MAX_GOAL, MAX_LINK, MAX_TEXT, MAX_TITLE, MAX_WHO, Answer, Project
from core.lifecycle.store import read_project, write_project
from core.reports.markdown import build_markdown
from core.specs import Message
from core.wording import Sentence, get_words, say

_KEY = "project-board"
_ICONS = {
    "open": "radio_button_unchecked",
    "answered": "contrast",
    "evidence": "task_alt",
    "not_applicable": "do_not_disturb_on",
    "stops": "report",
}
"""Five shapes, one for each state: ring, half, ringed tick, bar, octagon."""
_FITS = 9
"""So many questions fit into the panel at 1280x720; of a longer list one fewer is shown, and a button for the rest."""
_LONG = "_board_shows_all"


@dataclass(frozen=True, slots=True)
class _View:
    """What the address asks to look at, in the project as it is now."""

    checklist: Checklist
    project: Project
    board: Board
    gate: Gate
    item: Item

    @property
    def is_current(self) -> bool:
        return self.gate is self.board.current


def show() -> None:
    """Show the board of the visitor's project."""
    view = _read_view()
    header = Header(view.project.title or get_words(f"{_KEY}.untitled"), lambda: _show_tools(view))
    header.answer(say(view.board.sentence))
    with st.container(key="exhibit"), st.container(key="board"):
        for gate in view.board.gates:
            if gate is view.gate:
                _show_wide(view)
            else:
                _show_thin(view.board, gate)
    _show_foot(view)


def _read_view() -> _View:
    checklist, project = get_checklist(), project_state.get_project()
    board = read_board(checklist, project)
    code = state.get_choice("item", [item.code for item in checklist.items], "")
    slugs = [phase.slug for phase in checklist.phases]
    # An item brings its phase with it, unless the address names another phase.
    implied = checklist.get_item(code).phase if code else board.current.phase.slug
    gate = board.get_gate(state.get_choice("phase", slugs, implied))
    items = checklist.list_items(gate.phase.slug)
    first = gate.missing[0] if gate.missing else items[0].code
    wanted = code if any(item.code == code for item in items) else first
    return _View(checklist, project, board, gate, checklist.get_item(wanted))


# What a visitor can do. Each runs before the page is drawn, so that the whole page shows the change.


def _look_into(phase: str, code: str | None = None) -> None:
    st.query_params["phase"] = phase
    if code:
        st.query_params["item"] = code
    else:
        st.query_params.pop("item", None)


def _answer(item: Item, answer: Answer | None) -> CheckOutcome:
    """Keep an answer (None: open again), and say what that changed. Stay on this question."""
    checklist, before = get_checklist(), project_state.get_project()
    after = before.without_answer(item.code) if answer is None else before.with_answer(item.code, answer)
    was, now = (read_board(checklist, project).get_gate(item.phase) for project in (before, after))
    outcome = check_answer(item, answer)
    counts = {"evidence": now.progress.evidence, "total": now.progress.total}
    happened = [Message(f"{_KEY}.happened.{outcome.state}", {"code": item.code, **counts})]
    if was.is_open != now.is_open:
        which = "gate-open" if now.is_open else "gate-shut"
        happened.append(Message(f"{_KEY}.happened.{which}", {"phase": now.phase.short}))
    project_state.keep(after, *happened)
    _look_into(item.phase, item.code)
    return outcome


def _tick(item: Item, answer: Answer | None) -> None:
    _answer(item, answer)


def _today() -> str:
    return datetime.date.today().isoformat()  # noqa: DTZ011  # the day as the people in the room call it


# The head of the page: the whole project.


def _show_tools(view: _View) -> None:
    words = get_words(f"{_KEY}.tools")
    with st.container(horizontal=True, width="content", key="board-tools"):
        if st.button(words["project"], key="open-project", icon=":material/folder_open:"):
            _open(f"{_KEY}.project.title", _fill_project)
        st.download_button(
            words["export"], lambda: build_markdown(view.checklist, view.project), f"{_get_file_name(view.project)}.md",
            "text/markdown", key="export", icon=":material/download:", on_click="ignore",
        )  # fmt: skip


def _get_file_name(project: Project) -> str:
    """Return the title as a file name: letters, digits and hyphens."""
    return re.sub(r"[\W_]+", "-", project.title.casefold()).strip("-")[:40] or get_words(
        f"{_KEY}.export-name"
    )


def _open(title_key: str, fill: Callable[[], None]) -> None:
    """Open a drawer. Closing it draws the page again: what was saved in it has changed the board."""

    @st.dialog(get_words(title_key), position="right", width="small", on_dismiss="rerun")
    def drawer() -> None:
        fill()

    drawer()


def _fill_project() -> None:
    project = project_state.get_project()
    words = get_words(f"{_KEY}.project")
    write(f'<h3 class="v-sub">{escape(words["about"])}</h3>')
    with st.form("project-form", border=False):
        title = st.text_input(
            words["name"],
            project.title,
            max_chars=MAX_TITLE,
            placeholder=words["example"],
            key="project-title",
        )
        goal = st.text_area(words["goal"], project.goal, max_chars=MAX_GOAL, height=90, key="project-goal")
        if st.form_submit_button(words["save"], key="do-plan-save", type="primary"):
            with state.guard():
                project_state.keep(
                    project.with_words(title=title, goal=goal), Message(f"{_KEY}.happened.named")
                )
                st.rerun()
    write(f'<h3 class="v-sub">{escape(words["keep"])}</h3><p>{escape(words["keep-text"])}</p>')
    with state.guard():
        st.download_button(
            words["download"], lambda: write_project(project), f"{_get_file_name(project)}.json", "application/json",
            key="download-project", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    write(f'<h3 class="v-sub">{escape(words["load"])}</h3><p>{escape(words["load-text"])}</p>')
    refused = st.container()  # above the field: below it, the refusal would be out of sight
    file = st.file_uploader(
        words["load-label"], type="json", max_upload_size=1, key="load-project", label_visibility="collapsed"
    )
    if file is not None:
        with refused, state.guard():
            loaded = read_project(file.getvalue())
            project_state.keep(loaded, Message(f"{_KEY}.happened.loaded", {"count": len(loaded.answers)}))
            for name in ("phase", "item"):
                st.query_params.pop(name, None)
            st.rerun()


# A phase that is not looked into: thin, and one press wide.


def _show_thin(board: Board, gate: Gate) -> None:
    progress, phase = gate.progress, gate.phase
    is_later = not board.has_reached(phase.slug)
    kind = "later" if is_later else "done" if gate.is_open else "now"
    counts = {"evidence": progress.evidence, "total": progress.total}
    with st.container(key=f"phase-{kind}-{phase.slug}"):
        write(f'<p class="v-phase-number" aria-hidden="true">{phase.number}</p>')
        st.button(
            phase.short, key=f"look-{phase.slug}", type="tertiary", on_click=_look_into, args=(phase.slug,)
        )
        said = word(f"{_KEY}.thin.{'progress-later' if is_later else 'progress'}", **counts)
        dots = "" if is_later else dots_html(progress)
        note = escape(_say_state(board, gate))
        write(f'<p class="v-phase-progress">{said}</p>{dots}<p class="v-phase-note {kind}">{note}</p>')


def _say_state(board: Board, gate: Gate) -> str:
    if not board.has_reached(gate.phase.slug):
        return str(say(f"{_KEY}.thin.opens", number=gate.phase.number - 1))
    if not gate.is_open:
        return str(say(f"{_KEY}.thin.now", count=len(gate.missing)))
    if not gate.passed_on:
        return str(say(f"{_KEY}.thin.passed-undated"))
    return str(say(f"{_KEY}.thin.passed", date=_say_date(gate.passed_on)))


def _say_date(iso: str) -> str:
    day = datetime.date.fromisoformat(iso)
    return str(say(f"{_KEY}.date", day=day.day, month=get_words(f"{_KEY}.months")[day.month - 1]))


# The phase that is looked into: its questions, and one of them in full.


def _show_wide(view: _View) -> None:
    gate = view.gate
    with st.container(key="phase-wide-now" if view.is_current else "phase-wide"):
        note = "" if view.is_current else f'<span class="v-wide-note">{escape(_say_wide_state(view))}</span>'
        write(
            f'<div class="v-wide"><h2><s aria-hidden="true">{gate.phase.number}</s> {escape(gate.phase.short)}</h2>'
            f"<p>{word(gate.progress.sentence)}{note}</p></div>"
        )
        with st.container(key="board-items"):
            _show_items(view)


def _say_wide_state(view: _View) -> str:
    if not view.board.has_reached(view.gate.phase.slug):
        return str(say(f"{_KEY}.wide.opens", number=view.gate.phase.number - 1))
    return _say_state(view.board, view.gate)


def _show_items(view: _View) -> None:
    items = view.checklist.list_items(view.gate.phase.slug)
    outcomes = view.board.outcomes
    shown = items
    if len(items) > _FITS and not st.session_state.get(_LONG):
        # The one that is looked at is always there, however long the list is.
        shown = tuple(item for at, item in enumerate(items) if at < _FITS - 1 or item is view.item)
    for item in shown:
        st.button(
            _label(item, outcomes[item.code]), key=f"item-{item.code}", type="tertiary", width="stretch",
            icon=f":material/{_ICONS[outcomes[item.code].state]}:", on_click=_look_into, args=(item.phase, item.code),
        )  # fmt: skip
    if len(items) > _FITS:
        rest = len(items) - len(shown)
        label = say(f"{_KEY}.more", count=rest) if rest else say(f"{_KEY}.fewer")
        st.button(
            str(label), key="more", type="tertiary", icon=f":material/{'expand_more' if rest else 'expand_less'}:",
            width="stretch", on_click=_toggle_long,
        )  # fmt: skip
    # One place for the detail, after the list: it changes where it is, so that two never lie over each other.
    with st.container(key="board-detail"):
        _show_detail(view, view.item)
    write(f"<style>{_style_items(shown, view.item, outcomes)}</style>")


def _style_items(shown: Sequence[Item], chosen: Item, outcomes: Mapping[str, CheckOutcome]) -> str:
    """Mark what only this run knows: which have evidence, which is chosen, which stand below its detail on a phone."""
    rules: list[str] = []
    below = False
    for item in shown:
        marks = "--item-icon:var(--plan-text);" if outcomes[item.code].state == "evidence" else ""
        marks += "--item-order:2;" if below else ""
        if item is chosen:
            marks += "--item-back:var(--page);--item-edge:var(--mark);--item-bold:650;"
            below = True
        rules.append(f".st-key-item-{item.code}{{{marks}}}")
    return "".join(rules)


def _label(item: Item, outcome: CheckOutcome) -> str:
    """Return a question and its state in words: the shape says it only to those who see; the sheet hides the words."""
    return f"{item.question} *{get_words(f'lifecycle/report.states.{outcome.state}')}*"


def _toggle_long() -> None:
    st.session_state[_LONG] = not st.session_state.get(_LONG)


def _show_detail(view: _View, item: Item) -> None:
    words = get_words(f"{_KEY}.detail")
    outcome, answer = view.board.outcomes[item.code], view.project.answers.get(item.code)
    role = view.checklist.get_role(item.role).name
    is_given = outcome.state in {
        "evidence",
        "not_applicable",
    }  # then what was given decides, else what would count
    write(
        f'<div class="v-item"><p class="v-caption">{word(f"{_KEY}.detail.code", code=item.code, role=role)}</p>'
        f'<h3 class="v-sub">{escape(item.question)}</h3><p>{escape(item.why)}</p>'
        f'<div class="v-cases"><p><b>{escape(words["bad"])}</b> {escape(item.bad)}</p>'
        f"<p><b>{escape(words['good'])}</b> {escape(item.good)}</p></div>"
        f'<p class="v-outcome {"given" if is_given else ""}" role="status"><b class="b">{word(outcome.reason)}</b> '
        f"{_say_given(item, answer) if answer and is_given else escape(item.evidence.rule)}</p></div>"
    )
    with st.container(horizontal=True, key="board-deeds"):
        has_evidence = answer is not None and (answer.text or answer.link or answer.value is not None)
        is_away = outcome.state == "not_applicable"
        if st.button(
            words["change" if has_evidence and not is_away else "add"], key="do-plan", type="primary"
        ):
            _open(f"{_KEY}.evidence.title", lambda: _fill_evidence(item))
        if not is_away and st.button(words["not-applicable"], key="not-applicable"):
            _open(f"{_KEY}.reason.title", lambda: _fill_reason(item))
        if answer is None:
            st.button(
                words["tick"],
                key="tick",
                type="tertiary",
                on_click=_tick,
                args=(item, Answer("answered", when=_today())),
            )
        elif outcome.state == "answered" and not has_evidence:
            st.button(words["untick"], key="untick", type="tertiary", on_click=_tick, args=(item, None))


def _say_given(item: Item, answer: Answer) -> str:
    """Return what somebody gave, in one line."""
    parts: list[str] = []
    if answer.value is not None:
        rule = item.evidence
        number = say(f"{_KEY}.detail.number", asks=rule.asks, value=say_value(answer.value), unit=rule.unit)
        parts.append(escape(str(number).strip()))
    if answer.text:
        parts.append(word(f"{_KEY}.detail.text", text=answer.text))
    if answer.link:
        shown = escape(answer.link)
        parts.append(
            f'<a href="{shown}" rel="noopener noreferrer">{shown}</a>'
            if is_web_address(answer.link)
            else shown
        )
    return " · ".join([*parts, *_say_who(answer)])


def _say_who(answer: Answer) -> list[str]:
    date = _say_date(answer.when) if answer.when else ""
    key = "by" if answer.who and date else "by-who" if answer.who else "by-date"
    return [word(f"{_KEY}.detail.{key}", who=answer.who, date=date)] if answer.who or date else []


def _fill_evidence(item: Item) -> None:
    rule, words = item.evidence, get_words(f"{_KEY}.evidence")
    given = project_state.get_project().answers.get(item.code)
    # Why it did not apply is no evidence that it does.
    old = given if given and given.state != "not_applicable" else Answer("open")
    write(f'<h3 class="v-sub">{escape(item.question)}</h3><p>{escape(rule.rule)}</p>')
    text, value, link = "", None, ""
    with st.form("evidence-form", border=False):
        if rule.kind == "note":
            text = st.text_area(rule.asks, old.text, max_chars=MAX_TEXT, height=120, key=f"text-{item.code}")
        if rule.kind == "link":
            link = st.text_input(
                rule.asks, old.link, max_chars=MAX_LINK, placeholder="https://", key=f"link-{item.code}"
            )
        if rule.kind in MEASURED:
            label = (
                str(say(f"{_KEY}.evidence.label", asks=rule.asks, unit=rule.unit)) if rule.unit else rule.asks
            )
            step = 1.0 if rule.whole else None
            value = st.number_input(
                label, value=old.value, step=step, format="%.12g", key=f"value-{item.code}"
            )
        if rule.kind in {"data", "model"}:
            which = words["table" if rule.kind == "data" else "model"]
            text = st.text_input(which, old.text, max_chars=MAX_TEXT, key=f"text-{item.code}")
        who = st.text_input(words["who"], old.who, max_chars=MAX_WHO, key=f"who-{item.code}")
        is_bad = st.checkbox(words["bad"], value=old.state == "stops", key=f"bad-{item.code}")
        saved = st.form_submit_button(words["save"], key="do-plan-save", type="primary")
    if saved:
        with state.guard():
            claim = "stops" if is_bad else "answered"
            outcome = _answer(item, Answer(claim, text=text, value=value, link=link, who=who, when=_today()))
            if outcome.state != "answered":
                st.rerun()
            write(f'<div class="v-error" role="alert">{_say_refusal("evidence.not-yet", outcome)}</div>')
    if given and st.button(words["remove"], key="remove", type="tertiary", icon=":material/delete:"):
        _answer(item, None)
        st.rerun()


def _fill_reason(item: Item) -> None:
    words = get_words(f"{_KEY}.reason")
    write(f'<h3 class="v-sub">{escape(item.question)}</h3><p>{escape(words["hint"])}</p>')
    with st.form("reason-form", border=False):
        text = st.text_area(words["asks"], max_chars=MAX_TEXT, height=120, key=f"reason-{item.code}")
        who = st.text_input(get_words(f"{_KEY}.evidence.who"), max_chars=MAX_WHO, key=f"who-not-{item.code}")
        saved = st.form_submit_button(words["save"], key="do-plan-save", type="primary")
    if saved:
        with state.guard():
            answer = Answer("not_applicable", text=text, who=who, when=_today())
            outcome = check_answer(item, answer)
            if outcome.state == "not_applicable":
                _answer(item, answer)
                st.rerun()
            # What stood there before is worth more than half a reason.
            write(f'<div class="v-error" role="alert">{_say_refusal("reason.refused", outcome)}</div>')


def _say_refusal(key: str, outcome: CheckOutcome) -> str:
    return word(f"{_KEY}.{key}", reason=str(say(outcome.reason)))


# The foot of the page.


def _show_foot(view: _View) -> None:
    page.foot(
        _say_happened(),
        {
            "look-deeper": lambda: _fill_deeper(view.item),
            "check-yourself": lambda: ask_quiz(f"{_KEY}.quiz"),
            "presenter-notes": lambda: page.sections(f"{_KEY}.notes"),
        },
    )


def _say_happened() -> Sentence:
    happened = project_state.get_happened() or (Message(f"{_KEY}.happened.new"),)
    spans = [
        span for message in happened for span in (*say(message).spans, *say(f"{_KEY}.happened.space").spans)
    ]
    return Sentence(tuple(spans[:-1]))


def _fill_deeper(item: Item) -> None:
    words = get_words(f"{_KEY}.deeper")
    write(f'<h3 class="v-sub">{escape(words["shapes"])}</h3>')
    st.markdown("  \n".join(f":material/{icon}: {words['states'][name]}" for name, icon in _ICONS.items()))
    write(f'<h3 class="v-sub">{escape(words["gate"])}</h3><p>{escape(words["gate-text"])}</p>')
    if item.source:
        write(f'<h3 class="v-sub">{escape(words["source"])}</h3><p>{escape(item.source)}</p>')
    screen = next((screen for screen in pages.SCREENS if screen.slug == item.screen), None)
    if screen:
        write(f'<h3 class="v-sub">{escape(words["screen"])}</h3>')
        pages.link(
            screen.slug, str(get_words(f"common.screens.{screen.slug}")), icon="arrow_forward", after=True
        )
