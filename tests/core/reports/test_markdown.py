"""The report holds everything, says what is missing first, and lets no visitor's text act as markup."""

import re

import pytest
from markdown_it import MarkdownIt

from core.lifecycle.checklist import get_checklist
from core.lifecycle.gate import read_board
from core.lifecycle.project import Answer, Project
from core.reports.markdown import build_markdown, escape_markdown
from core.wording import say

CHECKLIST = get_checklist()
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "a | b | c\n--- | --- | ---\n1 | 2 | 3",
    "# Not a heading\n\n## Nor this",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "[x]: https://evil.example",
    "**bold** _it_ `code` ~~gone~~ $x$",
    "```\nfence\n```",
    "1. one\n2. two",
    "- [ ] task",
    "> quote",
    "https://evil.example and www.evil.example",
    "<https://evil.example>",
    "&lt;script&gt;",
    "\\<b>",
    "---",
    "Title\n=====",
    "a\u2028b\rc",
    "    indented",
    "{first} {0} <v>x</v>",
]
PLAIN_TOKENS = {
    "heading_open", "heading_close", "inline", "paragraph_open", "paragraph_close", "bullet_list_open",
    "bullet_list_close", "ordered_list_open", "ordered_list_close", "list_item_open", "list_item_close",
    "text", "strong_open", "strong_close", "text_special", "softbreak",
}  # fmt: skip


def parse(text):
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text)
    return [t for token in tokens for t in [token, *(token.children or [])]]


def shape(text):
    return [(token.type, token.tag) for token in parse(text) if token.type not in {"text", "text_special"}]


def full(text):
    # "stops" counts whatever the text is, so that two reports differ in nothing but the text.
    answer = Answer("stops", text=text, link=text, value=1, who=text[:80], when="2026-03-02")
    answers = {item.code: answer for item in CHECKLIST.items} | {"LC999": answer}
    return build_markdown(CHECKLIST, Project(text[:80], text, answers))


def test_every_item_stands_in_the_report_once():
    report = build_markdown(CHECKLIST, Project("Churn"))
    for item in CHECKLIST.items:
        assert len(re.findall(rf"^- .*{item.code} · {re.escape(item.question)}$", report, re.MULTILINE)) == 1


def test_the_report_begins_with_the_title_the_gate_and_what_is_missing():
    project = Project("Churn", "Phone them.").with_answer("LC001", Answer("stops"))
    board = read_board(CHECKLIST, project)
    report = build_markdown(CHECKLIST, project)
    order = [
        "# Churn",
        "Goal: Phone them.",
        "You may **not go on to the data yet**. Seven things stop you",
        "## What is missing first",
        f"1. {board.current.missing[0]} ",
        "7. ",
        "## 1. Plan it: Planning and set-up",
        "## 2. Get the data",
        "## 3. Train it",
        "## 4. Run it",
    ]
    places = [report.index(text) for text in order]
    assert places == sorted(places)
    assert str(say(board.sentence)) in report.replace("**", "")


def test_the_numbers_of_each_phase_are_its_counts():
    project = Project("Churn").with_answer(
        "LC001", Answer("evidence", text="Sales phones the first 20 every day.")
    )
    report = build_markdown(CHECKLIST, project)
    for gate in read_board(CHECKLIST, project).gates:
        progress = gate.progress
        assert f"{progress.evidence} of {progress.total} with evidence, {progress.missing} missing." in report
    assert "1 of 8 with evidence, 6 missing." in report


def test_each_answer_shows_its_state_evidence_person_and_day():
    project = Project(
        "Churn",
        answers={
            "LC003": Answer("evidence", value=71.5, who="Ana", when="2026-03-02"),
            "LC009": Answer("evidence", link="https://wiki.example.org/a?b=1&c=2", who="Ben"),
            "LC013": Answer("evidence", text="customers.csv", value=2),
            "LC014": Answer("not_applicable", text="Only pictures, no rows."),
            "LC002": Answer("answered"),
        },
    )
    report = build_markdown(CHECKLIST, project)
    for line in [
        "- **with evidence** · LC003 · Would a simple rule do?",
        "    - Share the rule gets right: 71.5 %",
        "    - By Ana, 2026-03-02",
        "    - Link: <https://wiki.example.org/a?b=1&c=2>",
        "    - By Ben",
        "- **stops you** · LC013 · Does a column leak the answer?",
        "    - Finding: Columns that leak: 2. Above 0 you cannot go on.",
        "    - Written: “customers.csv”",
        "- **does not apply** · LC014 · Have you read 100 rows?",
        "- **answered, no evidence yet** · LC002 · Predict, or make something new?",
        "- **open** · LC001 · What decision will it change?",
    ]:
        assert line in report.splitlines(), line


def test_a_finished_board_says_that_nothing_is_missing():
    answers = {item.code: Answer("not_applicable", text="This is only a drill.") for item in CHECKLIST.items}
    report = build_markdown(CHECKLIST, Project("Drill", answers=answers))
    assert "Nothing that you need is missing." in report
    assert "You may **call it done**." in report


def test_answers_to_unknown_codes_are_kept_and_not_called_evidence():
    report = build_markdown(
        CHECKLIST, Project("x").with_answer("LC999", Answer("evidence", text="Kept", value=3))
    )
    assert "- **not checked** · LC999" in report
    assert "    - Written: “Kept”" in report
    assert "    - Number: 3" in report


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_changes_neither_the_shape_nor_the_markup_of_the_report(text):
    report = full(text)
    tokens = parse(report)
    assert {token.type for token in tokens} <= PLAIN_TOKENS
    assert shape(report) == shape(full("plain"))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_can_still_be_read_as_it_was_typed(text):
    spans = parse(f"Written: “{escape_markdown(text)}”")[1].children or []
    shown = "".join(token.content for token in spans)
    wanted = " ".join(text.split())
    assert shown in {f"Written: “{wanted}”", f"Written: “'{wanted}”"}


def test_markup_is_escaped_character_by_character():
    # A report is also pasted into tables and half-finished HTML, where a lone sign is enough.
    assert escape_markdown("<script>a | b") == "&lt;script&gt;a \\| b"
    assert escape_markdown("*_`#[x](y)~!${}\\") == r"\*\_\`\#\[x\]\(y\)\~\!\$\{\}" + "\\\\"
    assert escape_markdown("one\ntwo\r\nthree\u2028four") == "one two three four"


@pytest.mark.parametrize("text", ["=cmd", "+1", "-1", "@x", "  =cmd", "\t=cmd", "\n=cmd"])
def test_no_text_begins_like_a_formula(text):
    assert escape_markdown(text).startswith("'")


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "https://a.example/>x<script>",
        "https://a.example/<b>",
        "https://a@b.example",
        "no link",
    ],
)
def test_only_a_clean_web_address_becomes_a_link(link):
    report = build_markdown(CHECKLIST, Project("x").with_answer("LC009", Answer("evidence", link=link)))
    assert "link_open" not in {token.type for token in parse(report)}
    clean = Answer("evidence", link="https://a.example/page")
    report = build_markdown(CHECKLIST, Project("x").with_answer("LC009", clean))
    assert [t.attrs["href"] for t in parse(report) if t.type == "link_open"] == ["https://a.example/page"]
