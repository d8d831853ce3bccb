"""Nothing is lost: not by a bad file, a full disk, or two people who save at once."""

import json
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ProjectError
from core.lifecycle.project import ANSWER_STATES, Answer, Project
from core.lifecycle.store import (
    MAX_BYTES,
    VERSION,
    ProjectStore,
    get_project_store,
    read_project,
    write_project,
)
from core.settings import get_settings

PROJECT = Project(
    "Will customers leave us?",
    "Phone those who are about to go.",
    {
        "LC001": Answer("evidence", text="The sales team\nphones 20 a week.", who="Ana", when="2026-03-02"),
        "LC013": Answer("evidence", text="customers.csv", value=0.0),
        "LC009": Answer("answered", link="https://wiki.example.org/licence"),
        "LC014": Answer("not_applicable", text="Only pictures, no rows."),
        "LC020": Answer("stops"),
    },
)


@pytest.fixture
def store(tmp_path):
    return ProjectStore(tmp_path / "projects")


def content(**changes):
    raw = json.loads(write_project(PROJECT))
    raw.update(changes)
    return raw


def as_bytes(raw):
    return json.dumps(raw).encode()


def refused(data):
    with pytest.raises(ProjectError) as caught:
        read_project(data)
    return caught.value


def test_what_is_written_is_read_again():
    assert read_project(write_project(PROJECT)) == PROJECT


texts = st.text(max_size=60)
answers = st.builds(
    Answer,
    state=st.sampled_from(ANSWER_STATES),
    text=texts,
    value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    link=texts,
    who=texts,
    when=st.just("") | st.dates().map(str),
)
projects = st.builds(
    Project,
    title=texts,
    goal=texts,
    answers=st.dictionaries(st.integers(0, 999_999).map("LC{:06}".format), answers, max_size=5),
)


@settings(max_examples=100, deadline=None)
@given(projects)
def test_any_project_survives_the_way_through_a_file(project):
    assert read_project(write_project(project)) == project


def test_a_file_saved_by_a_windows_editor_is_read():
    assert read_project(b"\xef\xbb\xbf" + write_project(PROJECT)) == PROJECT


def test_answers_to_codes_of_a_longer_checklist_are_kept():
    raw = content()
    raw["answers"]["LC412"] = {"state": "evidence", "text": "from the future"}
    project = read_project(as_bytes(raw))
    assert json.loads(write_project(project))["answers"]["LC412"]["text"] == "from the future"


def test_a_file_of_a_later_version_is_refused_with_both_versions():
    error = refused(as_bytes(content(version=VERSION + 1, new_field=1)))
    assert (error.key, error.values) == ("project-newer", {"version": VERSION + 1, "known": VERSION})


@pytest.mark.parametrize("length", [0, 1, 50, 300, -2])
def test_a_truncated_file_is_refused(length):
    assert refused(write_project(PROJECT)[:length]).key == "project-unreadable"


def test_fifty_megabytes_are_refused_before_they_are_read():
    assert refused(b"[" * 50_000_000).key == "project-too-large"


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe\x00", b"\x89PNG\r\n", b"null,", b"[" * 100_000, b'{"a":' * 100_000, b'{"format": NaN}',
        b'{"version": ' + b"9" * 5_000 + b"}", b'{"a": 1, "a": 2}', b"PK\x03\x04",
    ],
    ids=lambda data: repr(data[:12]),
)  # fmt: skip
def test_what_is_not_json_is_refused(data):
    assert refused(data).key == "project-unreadable"


def wrong_answer(**changes):
    return content(answers={"LC001": {"state": "answered", **changes}})


@pytest.mark.parametrize(
    "raw",
    [
        None, [], "text", 3, {}, content(format="other"), content(version="1"), content(version=True),
        content(version=0), content(version=1.0), content(title=None), content(title=["x"]), content(goal=3),
        content(answers=[]), content(answers=None), content(answers={"LC001": []}),
        content(answers={"LC001": None}), content(answers={"<script>": {"state": "open"}}),
        content(answers={"": {"state": "open"}}),
        content(answers={"LC001": {}}), content(revision=-1), content(revision="2"), content(colour="red"),
        wrong_answer(state="done"), wrong_answer(state=1), wrong_answer(text=3), wrong_answer(text=["x"]),
        wrong_answer(value="3"), wrong_answer(value=True), wrong_answer(value=[1]), wrong_answer(link={}),
        wrong_answer(colour="red"), wrong_answer(who=None),
    ],
    ids=lambda raw: json.dumps(raw)[-60:],
)  # fmt: skip
def test_wrong_types_are_refused_with_the_place(raw):
    error = refused(as_bytes(raw))
    assert error.key == "project-wrong"
    assert error.values["where"]
    assert len(str(error.values["where"])) <= 12


def test_limits_hold_for_files_too():
    assert refused(as_bytes(wrong_answer(text="x" * 2_001))).key == "project-text-too-long"
    assert refused(as_bytes(wrong_answer(when="2026-02-31"))).key == "project-date-wrong"
    assert refused(as_bytes(wrong_answer(value=10**400))).key == "project-number-wrong"
    assert refused(b'{"format": 1e999}').key == "project-wrong"
    data = as_bytes(wrong_answer(value=0)).replace(b'"value": 0', b'"value": 1e999')
    assert refused(data).key == "project-number-wrong"


def test_half_a_surrogate_pair_can_be_read_and_written():
    data = as_bytes(content()).replace(b"Will customers", b"Will \\ud800customers")
    assert read_project(write_project(read_project(data))).title == "Will customers leave us?"


def test_a_project_that_could_not_be_read_back_is_not_written():
    answers = {f"LC{n:03}": Answer("answered", text="x" * 2_000) for n in range(600)}
    with pytest.raises(ProjectError) as caught:
        write_project(Project("Too much", answers=answers))
    assert caught.value.key == "project-too-large"


def test_a_saved_project_is_loaded_again(store):
    saved = store.create(PROJECT)
    assert store.load(saved.project_id) == saved
    newer = store.save(saved.with_project(PROJECT.with_words(title="Bikes")))
    assert store.load(saved.project_id) == newer
    assert (newer.project.title, newer.revision) == ("Bikes", 2)


def test_ids_cannot_be_guessed_or_lead_out_of_the_folder(store, tmp_path):
    ids = {store.create(PROJECT).project_id for _ in range(20)}
    assert len(ids) == 20
    assert all(len(project_id) == 32 for project_id in ids)
    (tmp_path / "secret.json").write_bytes(write_project(PROJECT))
    for project_id in ["../secret", "..", "", "a" * 31, "A" * 32, "a" * 32 + "\n", "/etc/passwd", "a" * 32]:
        with pytest.raises(ProjectError) as caught:
            store.load(project_id)
        assert caught.value.key == "project-missing"


def test_nobody_but_the_owner_can_read_the_folder(store, tmp_path):
    saved = store.create(PROJECT)
    assert (tmp_path / "projects").stat().st_mode & 0o077 == 0
    assert (tmp_path / "projects" / f"{saved.project_id}.json").stat().st_mode & 0o077 == 0


def test_whoever_saves_over_a_newer_version_is_told_and_the_newer_one_stays(store):
    mine = store.create(PROJECT)
    theirs = store.save(mine.with_project(PROJECT.with_words(goal="Theirs")))
    with pytest.raises(ProjectError) as caught:
        store.save(mine.with_project(PROJECT.with_words(goal="Mine")))
    assert caught.value.key == "project-changed"
    assert store.load(mine.project_id) == theirs


def test_a_damaged_file_is_never_overwritten(store, tmp_path):
    saved = store.create(PROJECT)
    path = tmp_path / "projects" / f"{saved.project_id}.json"
    path.write_bytes(b"half a fi")
    with pytest.raises(ProjectError):
        store.save(saved)
    assert path.read_bytes() == b"half a fi"


@pytest.mark.parametrize("failing", ["os.fsync", "pathlib.Path.replace", "tempfile.mkstemp"])
def test_a_full_disk_leaves_the_old_file_and_no_scrap(store, tmp_path, monkeypatch, failing):
    saved = store.create(PROJECT)

    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(failing, fail)
        with pytest.raises(ProjectError) as caught:
            store.save(saved.with_project(PROJECT.with_words(title="Lost")))
    assert caught.value.key == "project-not-saved"
    assert store.load(saved.project_id) == saved
    names = {path.name for path in (tmp_path / "projects").iterdir()}
    assert names <= {f"{saved.project_id}.json", ".lock"}


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ProjectError) as caught:
        ProjectStore(tmp_path / "file" / "projects").create(PROJECT)
    assert caught.value.key == "project-not-saved"


def test_deleting_leaves_nothing_of_the_project(store, tmp_path):
    saved = store.create(PROJECT)
    store.delete(saved.project_id)
    assert [path.name for path in (tmp_path / "projects").iterdir() if path.name != ".lock"] == []
    with pytest.raises(ProjectError) as caught:
        store.delete(saved.project_id)
    assert caught.value.key == "project-missing"


KILLED_WHILE_SAVING = """
import os, signal, sys
from pathlib import Path
from core.lifecycle.project import Project
from core.lifecycle.store import ProjectStore
store = ProjectStore(Path(sys.argv[1]))
saved = store.load(sys.argv[2]) if len(sys.argv) > 2 else None
Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
secret = Project("Nobody else may read this")
store.save(saved.with_project(secret)) if saved else store.create(secret)
"""


def kill_while_saving(folder, *project_id):
    command = [sys.executable, "-c", KILLED_WHILE_SAVING, str(folder), *project_id]
    assert subprocess.run(command, check=False).returncode == -9
    assert list_scratch(folder)


def list_scratch(folder):
    return [path.name for path in folder.iterdir() if path.suffix == ".tmp"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_what_a_process_killed_while_saving_left_goes_with_the_next_save_and_with_deleting(store, tmp_path):
    folder = tmp_path / "projects"
    saved = store.create(PROJECT)
    kill_while_saving(folder, saved.project_id)
    assert store.load(saved.project_id) == saved
    saved = store.save(saved)
    assert list_scratch(folder) == []
    kill_while_saving(folder, saved.project_id)
    store.delete(saved.project_id)
    assert {path.name for path in folder.iterdir()} <= {".lock"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_what_a_process_killed_while_creating_left_goes_too_although_nobody_knows_its_id(store, tmp_path):
    folder = tmp_path / "projects"
    saved = store.create(PROJECT)
    kill_while_saving(folder)
    (folder / "notes.tmp").write_text("not ours")
    store.save(saved)
    assert list_scratch(folder) == ["notes.tmp"]


def add_answers(folder, project_id, codes):
    """Save one answer after the other, starting anew whenever somebody else was faster."""
    store = ProjectStore(Path(folder))
    for code in codes:
        while True:
            saved = store.load(project_id)
            try:
                store.save(saved.with_project(saved.project.with_answer(code, Answer("answered"))))
                break
            except ProjectError as error:
                if error.key != "project-changed":
                    raise
    return len(codes)


def split_codes(parts, each):
    return [[f"LC{part * each + number + 100:03}" for number in range(each)] for part in range(parts)]


def test_eight_threads_that_save_at_once_lose_no_answer(store, tmp_path):
    saved = store.create(Project("Busy"))
    parts = split_codes(8, 5)
    threads = [
        threading.Thread(target=add_answers, args=(tmp_path / "projects", saved.project_id, codes))
        for codes in parts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = store.load(saved.project_id)
    assert set(after.project.answers) == {code for codes in parts for code in codes}
    assert after.revision == 41


def test_processes_that_save_at_once_lose_no_answer(store, tmp_path):
    saved = store.create(Project("Busy"))
    parts = split_codes(3, 5)
    with ProcessPoolExecutor(3, mp_context=get_context("fork")) as pool:
        jobs = [
            pool.submit(add_answers, str(tmp_path / "projects"), saved.project_id, codes) for codes in parts
        ]
        assert [job.result() for job in jobs] == [5, 5, 5]
    assert set(store.load(saved.project_id).project.answers) == {code for codes in parts for code in codes}


def test_readers_never_see_half_a_file(store, tmp_path):
    saved = store.create(PROJECT)
    stop = threading.Event()
    seen = []

    def read():
        while not stop.is_set():
            try:
                store.load(saved.project_id)
            except ProjectError as error:
                seen.append(error.key)

    reader = threading.Thread(target=read)
    reader.start()
    current = saved
    for number in range(50):
        current = store.save(current.with_project(PROJECT.with_words(goal="x" * (number * 10))))
    stop.set()
    reader.join()
    assert seen == []


def test_the_store_lies_in_the_state_folder_and_is_not_made_before_it_is_needed(tmp_path, monkeypatch):
    monkeypatch.setenv("VITRINE_STATE_DIR", str(tmp_path / "state"))
    get_settings.cache_clear()
    try:
        saved = None
        store = get_project_store()
        assert not (tmp_path / "state").exists()
        saved = store.create(PROJECT)
        assert (tmp_path / "state" / "projects" / f"{saved.project_id}.json").is_file()
    finally:
        get_settings.cache_clear()


def test_size_limit_is_far_above_a_full_board():
    answers = {f"LC{n:03}": Answer("answered", text="x" * 2_000) for n in range(120)}
    assert len(write_project(Project("Full", answers=answers))) < MAX_BYTES / 3
