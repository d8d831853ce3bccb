"""A bare tick moves nothing; only evidence is evidence."""

import pytest

from core.lifecycle.checklist import get_checklist
from core.lifecycle.checks import check_answer, check_project, is_web_address, say_value
from core.lifecycle.project import Answer, Project
from core.wording import say

CHECKLIST = get_checklist()
NOTE, LINK, NUMBER = "LC001", "LC009", "LC003"  # the number is a percentage
LEAKS, LABEL_ROWS, GAIN = "LC013", "LC010", "LC018"  # data, data, model


def check(code, answer):
    outcome = check_answer(CHECKLIST.get_item(code), answer)
    assert outcome.code == code
    return outcome.state, outcome.reason.key.removeprefix("lifecycle/checks.")


def test_a_question_that_nobody_touched_is_open():
    assert check(NOTE, None) == ("open", "open")
    assert check(NOTE, Answer("open", text="A draft that is long enough to count.")) == ("open", "open")


@pytest.mark.parametrize("code", [item.code for item in CHECKLIST.items])
@pytest.mark.parametrize("claim", ["answered", "evidence"])
def test_a_bare_tick_is_only_an_answer_whatever_it_claims(code, claim):
    assert check(code, Answer(claim, who="Somebody", when="2026-03-02")) == ("answered", "tick-only")


def test_a_whole_sentence_turns_a_tick_into_evidence():
    assert check(NOTE, Answer("answered", text="The night shift calls them back.")) == (
        "evidence",
        "evidence",
    )


@pytest.mark.parametrize("text", ["Yes", "ok ok ok ok ok ok", "We will see.", ". . . . . .", "a, b, c, d"])
def test_a_note_of_fewer_than_five_different_words_stays_an_answer(text):
    assert check(NOTE, Answer("evidence", text=text)) == ("answered", "note-too-short")


def test_a_sentence_in_a_language_without_spaces_counts_too():
    assert check(NOTE, Answer("evidence", text="夜勤の担当者が顧客に電話をかけます。"))[0] == "evidence"


def test_a_number_or_a_link_does_not_stand_in_for_a_note():
    assert check(NOTE, Answer("evidence", value=5.0, link="https://a.example")) == (
        "answered",
        "note-too-short",
    )


def test_a_link_item_needs_a_web_address():
    assert check(LINK, Answer("evidence", text="It is somewhere on the shared drive."))[1] == "link-missing"
    assert check(LINK, Answer("evidence", link="shared drive, folder 3"))[1] == "link-wrong"
    assert check(LINK, Answer("evidence", link="https://wiki.example.org/licence"))[0] == "evidence"


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "https://", "http://[::1",
        "//evil.example", "https://bank.example@evil.example", "https://a b.example", "ftp://a.example", "",
    ],
)  # fmt: skip
def test_no_hostile_address_passes_as_a_link(link):
    assert not is_web_address(link)


def test_a_number_item_needs_a_number_within_its_limits():
    assert check(NUMBER, Answer("evidence", text="Quite a lot of them, we think."))[1] == "number-missing"
    assert check(NUMBER, Answer("evidence", value=-1))[1] == "number-too-small"
    assert check(NUMBER, Answer("evidence", value=100.5))[1] == "number-too-large"
    assert check(NUMBER, Answer("evidence", value=0))[0] == "evidence"
    assert check(NUMBER, Answer("evidence", value=100))[0] == "evidence"


def test_a_count_must_be_whole():
    assert check(LABEL_ROWS, Answer("evidence", text="parts.csv", value=12.5)) == (
        "answered",
        "number-not-whole",
    )


def test_data_and_model_evidence_names_what_was_measured():
    assert check(LABEL_ROWS, Answer("evidence", value=12)) == ("answered", "table-missing")
    assert check(GAIN, Answer("evidence", value=12)) == ("answered", "model-missing")
    assert check(LABEL_ROWS, Answer("evidence", text="parts.csv", value=12))[0] == "evidence"
    assert check(GAIN, Answer("evidence", text="forest", value=12))[0] == "evidence"


def test_a_bad_number_stops_the_team_at_the_exact_limit():
    assert check(LEAKS, Answer("evidence", text="customers.csv", value=1)) == ("stops", "too-many")
    assert check(LEAKS, Answer("evidence", text="customers.csv", value=0))[0] == "evidence"
    assert check(LABEL_ROWS, Answer("evidence", text="parts.csv", value=9)) == ("stops", "too-few")
    assert check(LABEL_ROWS, Answer("evidence", text="parts.csv", value=10))[0] == "evidence"
    assert check(GAIN, Answer("evidence", text="forest", value=0)) == ("stops", "not-above")
    assert check(GAIN, Answer("evidence", text="forest", value=0.1))[0] == "evidence"


def test_a_bad_number_stops_the_team_even_without_the_name_of_the_table():
    assert check(LEAKS, Answer("answered", value=2)) == ("stops", "too-many")


def test_somebody_may_say_themselves_that_it_stops():
    assert check(NOTE, Answer("stops")) == ("stops", "said-stop")


def test_not_applicable_needs_a_reason():
    assert check(NOTE, Answer("not_applicable")) == ("open", "reason-missing")
    assert check(NOTE, Answer("not_applicable", text="no no no")) == ("open", "reason-missing")
    assert check(NOTE, Answer("not_applicable", text="There is only one user.")) == (
        "not_applicable",
        "not-applicable",
    )


def test_the_reason_can_be_worded_and_says_the_numbers():
    item = CHECKLIST.get_item(LEAKS)
    first = str(say(check_answer(item, Answer("evidence", value=2)).reason))
    second = str(say(check_answer(item, Answer("evidence", value=30)).reason))
    assert first == "Columns that leak: 2. Above 0 you cannot go on."
    assert second == "Columns that leak: 30. Above 0 you cannot go on."


@pytest.mark.parametrize("item", CHECKLIST.items, ids=lambda item: item.code)
def test_every_reason_of_every_item_can_be_worded(item):
    answers = [
        None, Answer("open"), Answer("answered"), Answer("stops"), Answer("not_applicable"),
        Answer("not_applicable", text="It is a toy project."), Answer("evidence", text="x"),
        Answer("evidence", text="one two three four five"), Answer("evidence", link="x"),
        Answer("evidence", link="https://a.example"),
        *(Answer("evidence", value=value) for value in (-1e9, 0, 0.5, 3, 1e9)),
        Answer("evidence", text="table", value=50),
    ]  # fmt: skip
    for answer in answers:
        worded = str(say(check_answer(item, answer).reason))
        assert worded
        assert "{" not in worded


def test_a_project_is_checked_in_the_order_of_the_board():
    outcomes = check_project(CHECKLIST, Project("Empty"))
    assert list(outcomes) == [item.code for item in CHECKLIST.items]
    assert {outcome.state for outcome in outcomes.values()} == {"open"}


def test_numbers_are_said_as_they_were_given():
    assert [say_value(v) for v in (3.0, 9000.0, 0.25, -2.5)] == ["3", "9,000", "0.25", "-2.5"]
