"""The project board as a visitor uses it: evidence moves the headline, a tick does not, a file cannot do harm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.components.phases import phases_html
from core.lifecycle.checklist import get_checklist
from core.lifecycle.gate import read_board
from core.lifecycle.project import Answer, Project
from core.lifecycle.store import read_project, write_project
from core.reports.markdown import build_markdown
from core.wording import explain_error, get_words, say

_MAIN = Path(__file__).parents[3] / "app" / "main.py"
_NOTE = "The shop phones the twenty customers who are most likely to leave"


def _show() -> None:
    from app.screens import project_board

    project_board.show()


def _open(**query: str) -> AppTest:
    test = AppTest.from_function(_show, default_timeout=20)
    for name, value in query.items():
        test.query_params[name] = value
    return _run(test)


def _run(test: AppTest) -> AppTest:
    test.run()
    assert not test.exception, test.exception
    return test


def _html(test: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in test.get("html"))


def _project(test: AppTest) -> Project:
    return test.session_state["_project"] if "_project" in test.session_state else Project("")


def _headline(project: Project) -> str:
    return str(say(read_board(get_checklist(), project).sentence))


def _text(html: str) -> str:
    import html as library
    import re

    return library.unescape(re.sub(r"<[^>]+>", "", html))


def _open_drawer(test: AppTest, opener: str) -> None:
    test.button(key=opener).click()
    _run(test)


def _save(test: AppTest, opener: str) -> None:
    """Press Save in a drawer. AppTest always runs the whole page, so the drawer has to be opened in the same run."""
    test.button(key=opener).click()
    test.button(key="do-plan-save").click()
    _run(test)


def _load(test: AppTest, content: bytes) -> None:
    _open_drawer(test, "open-project")
    test.file_uploader(key="load-project").upload("project.json", content, "application/json")
    _open_drawer(test, "open-project")


def _give_note(test: AppTest, text: str, code: str = "LC001") -> None:
    _open_drawer(test, "do-plan")
    test.text_area(key=f"text-{code}").set_value(text)
    _save(test, "do-plan")


def test_the_gate_sentence_changes_when_an_item_gets_evidence() -> None:
    test = _open()
    before = _headline(Project(""))
    assert before in _text(_html(test))
    _give_note(test, _NOTE)
    after = _headline(_project(test))
    assert _project(test).answers["LC001"].text == _NOTE
    assert after != before
    assert after in _text(_html(_run(test)))


def test_a_bare_tick_does_not_count() -> None:
    test = _open()
    test.button(key="tick").click()
    _run(test)
    board = read_board(get_checklist(), _project(test))
    assert board.outcomes["LC001"].state == "answered"
    assert board.current.progress.evidence == 0
    assert _headline(Project("")) in _text(_html(test))
    assert str(say(board.outcomes["LC001"].reason)) in _text(_html(test))
    assert str(say("project-board.happened.answered", code="LC001")) in _text(_html(test))


def test_a_tick_can_be_taken_back() -> None:
    test = _open()
    test.button(key="tick").click()
    _run(test)
    test.button(key="untick").click()
    _run(test)
    assert "LC001" not in _project(test).answers


def test_a_note_that_is_too_short_is_kept_and_the_drawer_says_what_still_lacks() -> None:
    test = _open()
    _give_note(test, "Too short")
    outcome = read_board(get_checklist(), _project(test)).outcomes["LC001"]
    assert (outcome.state, _project(test).answers["LC001"].text) == ("answered", "Too short")
    assert str(say(outcome.reason)) in _text(_html(test))
    assert test.button(key="do-plan-save")


def test_a_number_is_asked_for_with_its_unit_and_a_bad_one_stops_the_project() -> None:
    test = _open(item="LC013")
    _open_drawer(test, "do-plan")
    rule = get_checklist().get_item("LC013").evidence
    assert test.number_input(key="value-LC013").label == f"{rule.asks} ({rule.unit})"
    test.number_input(key="value-LC013").set_value(3.0)
    _save(test, "do-plan")
    outcome = read_board(get_checklist(), _project(test)).outcomes["LC013"]
    assert outcome.state == "stops"
    assert str(say("project-board.happened.stops", code="LC013")) in _text(_html(_run(test)))


def test_a_question_that_does_not_apply_needs_a_reason() -> None:
    test = _open(item="LC005")
    _open_drawer(test, "not-applicable")
    test.text_area(key="reason-LC005").set_value("No")
    _save(test, "not-applicable")
    assert "LC005" not in _project(test).answers
    test.text_area(key="reason-LC005").set_value("Both mistakes cost the same")
    _save(test, "not-applicable")
    assert read_board(get_checklist(), _project(test)).outcomes["LC005"].state == "not_applicable"


def test_the_export_contains_what_was_entered() -> None:
    test = _open()
    _open_drawer(test, "open-project")
    test.text_input(key="project-title").set_value("Will customers leave us?")
    _save(test, "open-project")
    _give_note(test, _NOTE)
    exported = build_markdown(get_checklist(), _project(test))
    assert "Will customers leave us?" in exported
    assert _NOTE in exported
    assert '<h1 class="v-question">Will customers leave us?</h1>' in _html(_run(test))
    assert test.get("download_button")[0].proto.id


def test_what_a_visitor_typed_is_never_markup_and_never_in_the_address() -> None:
    test = _open()
    _give_note(test, "<img src=x onerror=alert(1)> and five more words here")
    _run(test)
    assert "<img src=x" not in _html(test)
    assert "&lt;img src=x onerror=alert(1)&gt;" in _html(test)
    assert set(test.query_params) == {"phase", "item"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\x00\xff" * 50,
        b"[[" * 100_000,
        b'{"format": "x"}',
        b'{"format": "vitrine-project", "version": 99}',
    ],
    ids=["empty", "half", "binary", "deep", "foreign", "newer"],
)
def test_a_hostile_project_file_leaves_the_old_one_and_is_refused_in_three_sentences(content: bytes) -> None:
    test = _open()
    test.button(key="tick").click()
    before = _project(_run(test))
    _load(test, content)
    assert _project(test) == before
    with pytest.raises(Exception) as caught:  # noqa: PT011  # the same refusal, to compare the words
        read_project(content)
    words = explain_error(caught.value)
    shown = _text(_html(test))
    assert all(part in shown for part in (words.what, words.meaning, words.advice))


def test_a_project_comes_back_from_its_file_and_every_answer_is_checked_again() -> None:
    claimed = Project("Ours", answers={"LC001": Answer("evidence"), "LC004": Answer("evidence", value=90.0)})
    test = _open()
    _load(test, write_project(claimed))
    assert _project(test) == claimed
    board = read_board(get_checklist(), _project(test))
    assert (board.outcomes["LC001"].state, board.outcomes["LC004"].state) == ("answered", "evidence")
    assert json.loads(write_project(_project(test)))["title"] == "Ours"


def test_the_deep_link_opens_phase_and_item() -> None:
    test = _open(phase="data", item="LC012")
    item = get_checklist().get_item("LC012")
    assert f'<h3 class="v-sub">{item.question}</h3>' in _html(test)
    assert "Get the data</h2>" in _html(test)
    assert {button.key for button in test.button} >= {"look-plan", "look-train", "look-run", "item-LC012"}


@pytest.mark.parametrize(
    "query", [{"phase": "nowhere"}, {"item": "LC999"}, {"phase": "data", "item": "LC001"}, {"item": "<b>"}]
)
def test_a_link_that_names_what_is_not_there_opens_the_board_all_the_same(query: dict[str, str]) -> None:
    test = _open(**query)
    expected = "LC009" if query.get("phase") == "data" else "LC001"
    assert expected in _text(_html(test))


def test_a_press_on_a_thin_phase_looks_into_it_and_the_address_says_so() -> None:
    test = _open()
    test.button(key="look-train").click()
    _run(test)
    assert test.query_params["phase"] == "train"
    assert "Train it</h2>" in _html(test)


def test_every_question_says_its_state_in_words_too() -> None:
    test = _open()
    test.button(key="tick").click()
    _run(test)
    states = get_words("lifecycle/report.states")
    assert test.button(key="item-LC001").label.endswith(f"*{states['answered']}*")
    assert test.button(key="item-LC002").label.endswith(f"*{states['open']}*")


def test_the_door_on_home_counts_as_the_gate_does() -> None:
    project = Project("").with_answer("LC001", Answer("answered", text=_NOTE))
    board = read_board(get_checklist(), project)
    html = _text(phases_html(board))
    progress = board.current.progress
    assert f"{progress.evidence} of {progress.total}, {progress.missing} missing" in html
    counts = [len(get_checklist().list_items(phase.slug)) for phase in get_checklist().phases]
    assert all(f"{count} questions" in phases_html() for count in counts)
