"""The words of the board are the product: complete, short, plain, and true to the style guide."""

import re

import pytest

from core.lifecycle.checklist import MEASURED, get_checklist
from core.lifecycle.checks import check_answer
from core.lifecycle.gate import Progress
from core.lifecycle.project import ANSWER_STATES, Answer
from core.wording import get_words, say

CHECKLIST = get_checklist()
ITEMS = CHECKLIST.items
BANNED = {
    "inference", "sample", "samples", "tensor", "class", "classes", "weight", "weights", "confidence",
    "dataset", "algorithm", "metric", "metrics", "baseline", "overfitting", "hyperparameters",
    "pipeline", "deploy", "feature", "features", "parameters", "validation",
}  # fmt: skip


def sentences(text):
    return [part for part in re.split(r"(?<=[.?!])[”\"]?\s+", text) if part]


def count_words(sentence):
    return len([word for word in sentence.split() if re.search(r"\w", word)])


def all_texts():
    for item in ITEMS:
        for name in ("question", "why", "bad", "good"):
            yield f"{item.code} {name}", getattr(item, name)
        yield f"{item.code} rule", item.evidence.rule
        yield f"{item.code} asks", item.evidence.asks
    for step in CHECKLIST.steps:
        yield f"{step.slug} yields", step.yields
    for role in CHECKLIST.roles:
        yield f"{role.slug} does", role.does
    for name in ("checks", "gate", "report"):
        yield from walk(name, get_words(f"lifecycle/{name}"))


def walk(place, entry):
    if isinstance(entry, dict):
        for key, value in entry.items():
            yield from walk(f"{place}.{key}", value)
    else:
        yield place, str(entry)


def test_there_are_thirty_items_with_contiguous_codes():
    assert [item.code for item in ITEMS] == [f"LC{number:03}" for number in range(1, 31)]


def test_the_phases_and_steps_are_those_of_the_course():
    assert [phase.short for phase in CHECKLIST.phases] == ["Plan it", "Get the data", "Train it", "Run it"]
    assert len(CHECKLIST.steps) == 8
    assert [phase.number for phase in CHECKLIST.phases] == [1, 2, 3, 4]


def test_every_phase_every_step_and_every_role_is_used():
    assert {item.step for item in ITEMS} == {step.slug for step in CHECKLIST.steps}
    assert [len(CHECKLIST.list_items(phase.slug)) for phase in CHECKLIST.phases] == [8, 9, 7, 6]
    used = {item.role for item in ITEMS} | {role for step in CHECKLIST.steps for role in step.who}
    assert used == {role.slug for role in CHECKLIST.roles}


def test_items_stand_in_the_order_of_the_steps():
    order = [step.slug for step in CHECKLIST.steps]
    places = [order.index(item.step) for item in ITEMS]
    assert places == sorted(places)


def test_every_phase_has_something_that_stops_a_team():
    for phase in CHECKLIST.phases:
        assert any(item.severity == "stops" for item in CHECKLIST.list_items(phase.slug)), phase.slug


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.code)
def test_a_question_fits_on_one_line_of_the_board(item):
    assert item.question.endswith("?")
    assert len(item.question) <= 34


@pytest.mark.parametrize(("place", "text"), list(all_texts()))
def test_no_sentence_has_more_than_15_words(place, text):
    long = [sentence for sentence in sentences(text) if count_words(sentence) > 15]
    assert not long


@pytest.mark.parametrize(("place", "text"), list(all_texts()))
def test_no_text_uses_jargon_or_shouts(place, text):
    assert not BANNED & set(re.findall(r"[a-z]+", re.sub(r"[{<][^}>]*[}>]", "", text.lower())))
    assert "!" not in text
    assert not re.search(r"\d %", text), "a number and its % are joined by a no-break space"


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.code)
def test_why_and_examples_are_one_or_two_whole_sentences(item):
    for text in (item.why, item.bad, item.good):
        assert 1 <= len(sentences(text)) <= 2
        assert text[-1] in ".”"


def test_no_question_example_or_proof_is_given_twice():
    for texts in (
        [item.question for item in ITEMS],
        [text for item in ITEMS for text in (item.bad, item.good, item.why)],
        [item.evidence.rule for item in ITEMS],
        [item.evidence.asks for item in ITEMS],
        [text for item in ITEMS for text in (item.missing, item.stopped)],
    ):
        assert len(texts) == len({text.casefold() for text in texts})


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.code)
def test_an_example_with_a_year_says_where_it_can_be_read(item):
    has_year = re.search(r"\b20[012]\d\b", item.bad + item.good)
    names_spring_2020 = "spring 2020" in item.bad  # everybody remembers it
    assert item.source or not has_year or names_spring_2020


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.code)
def test_the_headline_stays_on_one_line_whichever_item_comes_first(item):
    deed = CHECKLIST.get_phase(item.phase).deed
    for key, first in (("closed", item.missing), ("stopped", item.stopped)):
        for count in (1, 7):
            sentence = str(say(f"lifecycle/gate.{key}", deed=deed, count=count, first=first))
            assert len(sentence) <= 110
            assert all(count_words(part) <= 15 for part in sentences(sentence))


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.code)
def test_every_item_can_be_evidenced_by_somebody_who_follows_its_rule(item):
    rule = item.evidence
    if rule.kind in MEASURED:
        low = max(x for x in (rule.smallest, rule.stops_below, 0.0) if x is not None)
        value = low + 1 if rule.stops_at_most is not None else low
        answer = Answer("evidence", text="customers.csv", value=value)
    elif rule.kind == "link":
        answer = Answer("evidence", link="https://wiki.example.org/page")
    else:
        answer = Answer("evidence", text="The sales team phones the first 20 customers.")
    assert check_answer(item, answer).state == "evidence"


def test_a_number_in_the_rule_is_the_number_that_is_checked():
    for item in ITEMS:
        rule = item.evidence
        if rule.stops_below is not None:
            assert re.search(rf"(below|fewer than) {rule.stops_below:g} stops you", rule.rule), item.code
        if rule.stops_above is not None:
            assert f"only {rule.stops_above:g} passes" in rule.rule, item.code
        if rule.smallest is not None and rule.whole and rule.smallest > 1:
            assert f"at least {rule.smallest:g}" in rule.rule, item.code


def test_screens_named_by_items_are_slugs_of_the_design():
    known = {"predict-or-generate", "where-did-it-look", "project-board", "what-is-running", "workbench"}
    assert {item.screen for item in ITEMS} - {None} <= known


def test_every_state_has_a_name_in_the_report():
    assert set(get_words("lifecycle/report.states")) == set(ANSWER_STATES)


def test_the_progress_line_says_its_three_numbers():
    progress = Progress(total=14, evidence=9, answered=2, not_applicable=0, open=2, stops=1, missing=3)
    assert str(say(progress.sentence)) == "9 of 14 with evidence, 3 still needed"
