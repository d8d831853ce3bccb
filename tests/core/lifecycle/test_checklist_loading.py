"""A checklist that an instructor has broken is refused with the file and the place."""

import shutil

import pytest

from core.assets import get_assets_dir
from core.errors import StartError
from core.lifecycle.checklist import get_checklist, load_checklist


@pytest.fixture
def folder(tmp_path):
    source = get_assets_dir() / "content" / "en" / "lifecycle"
    return shutil.copytree(source, tmp_path / "lifecycle")


def change(folder, name, old, new):
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def refuse(folder):
    with pytest.raises(StartError) as caught:
        load_checklist(folder)
    return caught.value.key, caught.value.values


def test_the_shipped_checklist_is_read_once():
    assert get_checklist() is get_checklist()


def test_a_changed_question_is_shown_without_touching_code(folder):
    change(folder, "items.yaml", "Would a simple rule do?", "Is a rule enough?")
    assert load_checklist(folder).get_item("LC003").question == "Is a rule enough?"


def test_a_file_that_is_not_yaml_names_its_line(folder):
    (folder / "steps.yaml").write_text("- slug: frame\n  name: [\n", encoding="utf-8")
    key, values = refuse(folder)
    assert (key, values["file"]) == ("checklist-unreadable", "steps.yaml")
    assert values["line"] == 3


def test_an_absent_file_is_refused(folder):
    (folder / "roles.yaml").unlink()
    assert refuse(folder) == ("checklist-unreadable", {"file": "roles.yaml", "line": 1})


def test_an_empty_file_is_refused(folder):
    (folder / "items.yaml").write_text("", encoding="utf-8")
    assert refuse(folder)[0] == "checklist-unreadable"


@pytest.mark.parametrize(
    ("name", "old", "new", "entry", "field"),
    [
        ("items.yaml", "severity: stops", "severity: blocks", "LC001", "severity"),
        ("items.yaml", "    kind: note\n", "    kind: rumour\n", "LC001", "evidence.kind"),
        ("items.yaml", "    asks: Who will do what differently?\n", "", "LC001", "evidence.asks"),
        ("items.yaml", "  question: What decision", "  qestion: What decision", "LC001", "question"),
        ("items.yaml", "role: data-scientist", "role: wizard", "LC002", "role"),
        ("items.yaml", "step: frame", "step: dream", "LC001", "step"),
        ("items.yaml", "smallest: 0\n", "smallest: many\n", "LC003", "evidence.smallest"),
        ("items.yaml", "smallest: 0\n", "smallest: 200\n", "LC003", "evidence.largest"),
        ("items.yaml", "    asks: Who will", "    smallest: 3\n    asks: Who will", "LC001", "evidence.kind"),
        ("steps.yaml", "phase: plan", "phase: party", "frame", "phase"),
        ("steps.yaml", "who: [product-owner", "who: [wizard", "frame", "who"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(folder, name, old, new, entry, field):
    change(folder, name, old, new)
    assert refuse(folder) == ("checklist-wrong", {"file": name, "entry": entry, "field": field})


def test_a_misspelt_extra_field_is_not_passed_over(folder):
    change(folder, "items.yaml", "  severity: stops", "  severity: stops\n  scren: workbench")
    assert refuse(folder)[1]["field"] == "scren"


@pytest.mark.parametrize(
    ("old", "new", "entry", "field"),
    [
        ("code: LC002", "code: LC001", "LC001", "code"),
        ("question: Would a simple rule do?", "question: What decision will it change?", "LC003", "question"),
        ("asks: Link to the permission", "asks: link to the list of harms", "LC009", "evidence.asks"),
        (
            "rule: Link to the licence, contract or consent that allows this use.",
            "rule: Link to a written list of who could be harmed, and how you prevent it.",
            "LC009",
            "evidence.rule",
        ),
    ],
)
def test_what_must_be_unique_is_refused_when_repeated(folder, old, new, entry, field):
    change(folder, "items.yaml", old, new)
    assert refuse(folder) == ("checklist-repeated", {"file": "items.yaml", "entry": entry, "field": field})


def test_an_unknown_code_is_a_key_error():
    with pytest.raises(KeyError):
        get_checklist().get_item("LC999")
