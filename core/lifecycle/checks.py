"""Whether an answer counts: a bare tick is only an answer, and only evidence is evidence.

Owns that one decision, for one item and one answer. Knows no words (it returns a key and values) and nothing
about phases or gates. What a visitor or a file *claims* never counts by itself: the state is worked out anew
each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from core.lifecycle.checklist import MEASURED, Checklist, EvidenceRule, Item
from core.lifecycle.project import Answer, AnswerState, Project
from core.specs import Message

MIN_NOTE_WORDS = 5
"""A whole sentence; counted in different words, so that "yes yes yes yes yes" stays a tick."""
MIN_REASON_WORDS = 3
MIN_NAME_CHARACTERS = 2


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """Where one question stands, and why."""

    code: str
    state: AnswerState
    reason: Message


def check_answer(item: Item, answer: Answer | None) -> CheckOutcome:
    """Decide where a question stands."""
    state, reason = _decide(item.evidence, answer)
    return CheckOutcome(item.code, state, reason)


def check_project(checklist: Checklist, project: Project) -> dict[str, CheckOutcome]:
    """Decide where every question stands, by code, in the order of the board."""
    return {item.code: check_answer(item, project.answers.get(item.code)) for item in checklist.items}


def say_value(value: float) -> str:
    """Say a number exactly as it was given, without the ".0" that a computer adds: ``9,000`` and ``0.25``."""
    return f"{int(value):,}" if value.is_integer() and abs(value) < 1e15 else repr(value)


def is_web_address(link: str) -> bool:
    """Whether a text is a web address that can safely be shown as a link."""
    try:
        parts = urlsplit(link)
        host = parts.hostname
    except ValueError:  # a broken IPv6 address
        return False
    has_login = "@" in parts.netloc  # https://bank.example@evil.example opens evil.example
    return (
        parts.scheme in {"http", "https"} and bool(host) and not has_login and not any(map(str.isspace, link))
    )


def _decide(rule: EvidenceRule, answer: Answer | None) -> tuple[AnswerState, Message]:
    if answer is None or answer.state == "open":
        return "open", _because("open")
    if answer.state == "stops":
        return "stops", _because("said-stop")
    if answer.state == "not_applicable":
        # Without a reason this would be the cheapest way through any gate.
        if _count_words(answer.text) < MIN_REASON_WORDS:
            return "open", _because("reason-missing", needed=MIN_REASON_WORDS)
        return "not_applicable", _because("not-applicable")
    if not answer.text and not answer.link and answer.value is None:
        return "answered", _because("tick-only")
    if rule.kind in MEASURED:
        return _decide_number(rule, answer)
    problem = _find_note_problem(answer) if rule.kind == "note" else _find_link_problem(answer)
    return ("answered", problem) if problem else ("evidence", _because("evidence"))


def _find_note_problem(answer: Answer) -> Message | None:
    words = _count_words(answer.text)
    return _because("note-too-short", needed=MIN_NOTE_WORDS, words=words) if words < MIN_NOTE_WORDS else None


def _find_link_problem(answer: Answer) -> Message | None:
    if not answer.link:
        return _because("link-missing")
    return None if is_web_address(answer.link) else _because("link-wrong")


def _decide_number(rule: EvidenceRule, answer: Answer) -> tuple[AnswerState, Message]:
    value = answer.value
    if value is None:
        return "answered", _because("number-missing", asks=rule.asks)
    problem = _find_number_problem(rule, value)
    if problem:
        return "answered", problem
    # A bad number stops the project even before its table or model is named: bad news needs no further proof.
    stop = _find_stop(rule, value)
    if stop:
        return "stops", stop
    if rule.kind != "number" and len(answer.text) < MIN_NAME_CHARACTERS:
        return "answered", _because("table-missing" if rule.kind == "data" else "model-missing")
    return "evidence", _because("evidence")


def _find_number_problem(rule: EvidenceRule, value: float) -> Message | None:
    if rule.smallest is not None and value < rule.smallest:
        return _because("number-too-small", value=say_value(value), limit=say_value(rule.smallest))
    if rule.largest is not None and value > rule.largest:
        return _because("number-too-large", value=say_value(value), limit=say_value(rule.largest))
    if rule.whole and not value.is_integer():
        return _because("number-not-whole", value=say_value(value))
    return None


def _find_stop(rule: EvidenceRule, value: float) -> Message | None:
    if rule.stops_below is not None and value < rule.stops_below:
        return _because("too-few", asks=rule.asks, value=say_value(value), limit=say_value(rule.stops_below))
    if rule.stops_above is not None and value > rule.stops_above:
        return _because("too-many", asks=rule.asks, value=say_value(value), limit=say_value(rule.stops_above))
    if rule.stops_at_most is not None and value <= rule.stops_at_most:
        return _because(
            "not-above", asks=rule.asks, value=say_value(value), limit=say_value(rule.stops_at_most)
        )
    return None


def _count_words(text: str) -> int:
    """Count different words; a word has a letter or a digit."""
    words = {word for word in text.casefold().split() if any(map(str.isalnum, word))}
    # Chinese and Japanese put no spaces between words: there, about two characters make one.
    unspaced = {char for char in text if "\u3040" <= char <= "\u9fff"}
    return max(len(words), len(unspaced) // 2)


def _because(key: str, **values: object) -> Message:
    return Message(f"lifecycle/checks.{key}", values)
