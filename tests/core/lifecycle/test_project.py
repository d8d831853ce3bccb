"""What an answer may hold, whoever wrote it."""

import math

import pytest

from core.errors import ProjectError
from core.lifecycle.project import MAX_ANSWERS, MAX_TEXT, Answer, Project


def refused(make):
    with pytest.raises(ProjectError) as caught:
        make()
    return caught.value.key


def test_a_change_makes_a_new_project_and_leaves_the_old_one():
    before = Project("Churn")
    after = before.with_answer("LC001", Answer("answered"))
    assert before.answers == {}
    assert after.answers == {"LC001": Answer("answered")}
    assert after.without_answer("LC001") == before
    assert after.with_words(title="Bikes").answers == after.answers


def test_a_project_does_not_share_the_dictionary_it_was_made_from():
    answers = {"LC001": Answer("answered")}
    project = Project("Churn", answers=answers)
    answers.clear()
    assert "LC001" in project.answers


def test_texts_numbers_and_dates_out_of_bounds_are_refused():
    assert refused(lambda: Answer("evidence", text="x" * (MAX_TEXT + 1))) == "project-text-too-long"
    assert refused(lambda: Answer("evidence", value=math.nan)) == "project-number-wrong"
    assert refused(lambda: Answer("evidence", value=math.inf)) == "project-number-wrong"
    assert refused(lambda: Answer("evidence", when="yesterday")) == "project-date-wrong"
    assert refused(lambda: Answer("done")) == "project-wrong"  # pyright: ignore[reportArgumentType]
    assert refused(lambda: Project("x" * 81)) == "project-text-too-long"
    assert refused(lambda: Project("x").with_answer("../../etc", Answer("open"))) == "project-wrong"
    many = {f"LC{number:06}": Answer("open") for number in range(MAX_ANSWERS + 1)}
    assert refused(lambda: Project("x", answers=many)) == "project-too-many-answers"


def test_what_nobody_can_see_is_dropped_and_what_people_write_is_kept():
    assert Answer("evidence", text="a\x00b\u202ec\ud800d\x1b[31m").text == "abcd[31m"
    assert Answer("evidence", text="one\r\ntwo\rthree\u2028four").text == "one\ntwo\nthree\nfour"
    kept = "Zeile 1\nZeile 2\t\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 👩‍🔬 é"
    assert Answer("evidence", text=kept).text == kept
