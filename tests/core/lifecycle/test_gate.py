"""The headline of the board changes when an answer changes, and every number in it is a count."""

from dataclasses import replace

import pytest

from core.lifecycle.checklist import get_checklist
from core.lifecycle.checks import check_project
from core.lifecycle.gate import read_board
from core.lifecycle.project import Answer, Project
from core.wording import say, say_count

CHECKLIST = get_checklist()
PHASES = [phase.slug for phase in CHECKLIST.phases]


def evidence_for(item):
    rule = item.evidence
    low = max(x for x in (rule.smallest, rule.stops_below, 0.0) if x is not None)
    value = low + 1 if rule.stops_at_most is not None else low
    return Answer(
        "evidence", text="one two three four five", value=value, link="https://a.example", when="2026-03-02"
    )


def finish(project, *phases):
    for phase in phases:
        for item in CHECKLIST.list_items(phase):
            project = project.with_answer(item.code, evidence_for(item))
    return project


def headline(project):
    return str(say(read_board(CHECKLIST, project).sentence))


EMPTY = Project("Will customers leave us?")


def test_the_sentence_is_the_one_of_the_style_guide():
    project = finish(EMPTY, "plan", "data").without_answer("LC013").without_answer("LC016")
    project = project.without_answer("LC009")
    assert headline(project) == (
        "You may not go on to training yet. "
        "Three things are missing; the first is permission to use the data."
    )


def test_a_leak_that_was_found_comes_first_and_is_named_as_what_it_is():
    project = finish(EMPTY, "plan", "data").without_answer("LC009").without_answer("LC016")
    project = project.with_answer("LC013", Answer("evidence", text="customers.csv", value=1))
    assert headline(project) == (
        "You may not go on to training yet. "
        "Three things stop you; the first is a column that gives the answer away."
    )
    assert read_board(CHECKLIST, project).current.missing == ("LC013", "LC009", "LC016")


def test_one_thing_is_said_in_the_singular():
    project = finish(EMPTY, "plan").without_answer("LC004")
    assert headline(project) == (
        "You may not go on to the data yet. One thing is missing: the lowest score worth using."
    )


@pytest.mark.parametrize("item", CHECKLIST.items, ids=lambda item: item.code)
def test_the_sentence_changes_when_any_answer_that_counts_is_taken_back(item):
    done = finish(EMPTY, *PHASES)
    sentence = str(say(read_board(CHECKLIST, done).get_gate(item.phase).sentence))
    without = str(say(read_board(CHECKLIST, done.without_answer(item.code)).get_gate(item.phase).sentence))
    assert sentence != without
    if item.severity == "nice":
        assert "not" not in without.split(".")[0]
    else:
        assert item.missing in without


@pytest.mark.parametrize("phase", PHASES)
def test_the_number_in_the_sentence_equals_the_count_at_every_step(phase):
    project = EMPTY
    items = CHECKLIST.list_items(phase)
    for item in items:
        gate = read_board(CHECKLIST, project).get_gate(phase)
        outcomes = check_project(CHECKLIST, project)
        blocking = [
            i.code
            for i in items
            if (i.severity == "stops" and outcomes[i.code].state != "evidence")
            or (i.severity == "matters" and outcomes[i.code].state == "open")
        ]
        assert set(gate.missing) == set(blocking)
        assert gate.progress.missing == len(blocking)
        sentence = str(say(gate.sentence))
        if blocking:
            assert f"{say_count(len(blocking)).capitalize()} thing" in sentence
            assert CHECKLIST.get_item(gate.missing[0]).missing in sentence
        assert gate.is_open == (not blocking)
        project = project.with_answer(item.code, evidence_for(item))
    assert read_board(CHECKLIST, project).get_gate(phase).is_open


def test_the_open_sentence_says_how_many_have_evidence():
    project = finish(EMPTY, "plan")
    gate = read_board(CHECKLIST, project).get_gate("plan")
    assert str(say(gate.sentence)) == (
        "You may go on to the data. Nothing you need is missing; evidence backs 8 of 8 answers."
    )
    ticked = project.with_answer("LC002", Answer("answered"))
    assert "7 of 8" in str(say(read_board(CHECKLIST, ticked).get_gate("plan").sentence))


def test_the_states_of_a_phase_add_up_to_its_items():
    project = finish(EMPTY, "data").with_answer("LC009", Answer("answered"))
    project = project.with_answer("LC010", Answer("stops")).without_answer("LC011")
    project = project.with_answer("LC012", Answer("not_applicable", text="Machines only, no people."))
    progress = read_board(CHECKLIST, project).get_gate("data").progress
    assert (progress.evidence, progress.answered, progress.stops) == (5, 1, 1)
    assert (progress.open, progress.not_applicable) == (1, 1)
    assert progress.total == 9
    assert progress.missing == 3


def test_ticking_everything_does_not_open_a_gate():
    project = EMPTY
    for item in CHECKLIST.items:
        project = project.with_answer(item.code, Answer("evidence"))
    board = read_board(CHECKLIST, project)
    assert all(not gate.is_open and gate.progress.evidence == 0 for gate in board.gates)
    for gate in board.gates:
        assert {CHECKLIST.get_item(code).severity for code in gate.missing} == {"stops"}


def test_what_does_not_apply_is_not_in_the_way_but_only_with_a_reason():
    done = finish(EMPTY, "plan")
    assert not read_board(CHECKLIST, done.with_answer("LC007", Answer("not_applicable"))).gates[0].is_open
    with_reason = Answer("not_applicable", text="It sorts our own screws.")
    assert read_board(CHECKLIST, done.with_answer("LC007", with_reason)).gates[0].is_open


def test_a_bad_answer_is_in_the_way_even_where_the_question_is_only_nice():
    project = finish(EMPTY, "plan").with_answer("LC006", Answer("stops"))
    assert read_board(CHECKLIST, project).gates[0].missing == ("LC006",)


def test_the_current_phase_moves_on_as_gates_open_and_back_when_one_closes():
    project = EMPTY
    for done, phase in zip([(), ("plan",), ("data",), ("train",)], PHASES, strict=True):
        project = finish(project, *done)
        assert read_board(CHECKLIST, project).current.phase.slug == phase
    board = read_board(CHECKLIST, project.without_answer("LC001"))
    assert board.current.phase.slug == "plan"
    assert board.has_reached("plan")
    assert not board.has_reached("data")


def test_the_end_of_the_last_phase_is_said():
    board = read_board(CHECKLIST, finish(EMPTY, *PHASES))
    assert board.current.phase.slug == "run"
    assert board.current.next_phase is None
    assert str(say(board.sentence)).startswith("You may call it done.")


def test_a_gate_passed_on_the_day_of_the_last_answer():
    project = finish(EMPTY, "plan")
    later = replace(project.answers["LC005"], when="2026-03-09")
    assert read_board(CHECKLIST, project.with_answer("LC005", later)).gates[0].passed_on == "2026-03-09"
    assert read_board(CHECKLIST, EMPTY).gates[0].passed_on == ""


def test_answers_to_unknown_codes_change_no_count():
    extra = EMPTY.with_answer("LC999", Answer("stops"))
    assert read_board(CHECKLIST, extra) == read_board(CHECKLIST, EMPTY)
