"""The command line from outside: commands, JSON, exit codes, streams."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.core import TyperGroup

from app import cli
from app.commands.help import walk_commands
from core.engine import use_engine
from core.errors import EngineBusyError, StartError
from core.requests import PredictRequest
from core.wording import get_words
from tests.fakes import FakeCatalog, Gate, build_engine

ROOT = Path(__file__).resolve().parents[2]
FLOWER = "6.1, 2.9, 4.9, 1.7"
MODEL_KEYS = {"model_id", "task", "dataset", "num_parameters", "size_bytes", "license", "source", "metrics"}
RUN_KEYS = {"elapsed_ms", "device", "dtype", "reason"}

COMMANDS = [path for path, _ in walk_commands(cli.build_command())]


def run_process(*args: str, cwd: Path = ROOT, **kwargs) -> subprocess.CompletedProcess:
    env = {**os.environ, "PYTHONPATH": str(ROOT), **kwargs.pop("env", {})}
    command = [sys.executable, "-m", "app.cli", *args]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, timeout=120, check=False, **kwargs)


def run(capsys, *args: str) -> tuple[int, str, str]:
    code = cli.main(list(args))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def run_json(capsys, *args: str):
    code, out, _ = run(capsys, *args, "--json")
    assert code == 0, out
    return json.loads(out)


@pytest.mark.parametrize("path", COMMANDS)
def test_help_of_every_command_has_an_example_that_starts_with_its_name(capsys, path):
    code, out, _ = run(capsys, *path.split()[1:], "--help")
    assert code == 0
    _, _, examples = out.partition(get_words("cli.examples"))
    assert path in examples.partition("Options:")[0]


@pytest.mark.parametrize("path", COMMANDS)
def test_every_example_in_the_help_is_a_command_line_that_parses(path):
    root = cli.build_command()
    for example in get_words("cli.commands")[path]["examples"]:
        words = shlex.split(example.split(" | ")[-1])
        assert words[0] == "vitrine"
        command, args = root, words[1:]
        while isinstance(command, TyperGroup):
            command, args = command.commands[args[0]], args[1:]
        command.make_context("vitrine", list(args), resilient_parsing=False)


@pytest.mark.parametrize("path", [path for path in COMMANDS if path not in {"vitrine", "vitrine models"}])
def test_every_command_has_json(path):
    command = dict(walk_commands(cli.build_command()))[path]
    assert "--json" in [name for param in command.params for name in param.opts]


def test_no_words_are_left_for_commands_that_do_not_exist():
    assert set(get_words("cli.commands")) == set(COMMANDS)


@pytest.mark.parametrize(
    "args", [["--help"], ["--version"], ["models", "list"], ["models", "list", "--json"]]
)
def test_asking_what_there_is_imports_no_framework(args):
    code = (
        "import sys; from app.cli import main; code = main(sys.argv[1:]);"
        "slow = {'torch', 'sklearn', 'streamlit', 'gradio', 'pandas', 'numpy', 'fastapi', 'PIL'};"
        "heavy = slow & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *args], cwd=ROOT, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_without_a_command_the_help_is_shown(capsys):
    code, out, _ = run(capsys)
    assert code == 0
    assert "predict" in out


def test_models_list_is_the_registry_in_the_agreed_form(capsys):
    rows = run_json(capsys, "models", "list")
    assert [row["model_id"] for row in rows] == [
        "iris-classifier",
        "iris-generator",
        "digits-convnet",
        "digits-diffusion",
    ]
    for row in rows:
        assert set(row) == MODEL_KEYS
        assert row["num_parameters"] > 0
        assert row["size_bytes"] > 0
        assert row["metrics"]


def test_models_list_for_people_names_every_model(capsys):
    rows = run_json(capsys, "models", "list")
    _, out, _ = run(capsys, "models", "list")
    assert len(out.splitlines()) == 1 + len(rows)
    assert all(row["model_id"] in out for row in rows)


def test_models_show_says_data_and_limits(capsys):
    shown = run_json(capsys, "models", "show", "iris-classifier")
    assert set(shown) == MODEL_KEYS | {"card"}
    _, out, _ = run(capsys, "models", "show", "iris-classifier")
    assert shown["card"]["limits"][0] in out
    assert shown["card"]["data"]["source"] in out


def test_predict_of_a_row_is_in_the_agreed_form(capsys):
    answer = run_json(capsys, "predict", "iris-classifier", FLOWER)
    assert set(answer) == {"model_id", "task", "labels"} | RUN_KEYS
    assert answer["model_id"] == "iris-classifier"
    assert answer["task"] == "tabular-classification"
    assert {row["label"] for row in answer["labels"]} == {"setosa", "versicolor", "virginica"}
    assert sum(row["prob"] for row in answer["labels"]) == pytest.approx(1)
    probs = [row["prob"] for row in answer["labels"]]
    assert probs == sorted(probs, reverse=True)
    assert answer["reason"].endswith(".")


def test_predict_depends_on_its_input(capsys):
    small = run_json(capsys, "predict", "iris-classifier", "5.1, 3.5, 1.4, 0.2")
    large = run_json(capsys, "predict", "iris-classifier", "7.7, 3.0, 6.6, 2.3")
    assert small["labels"][0]["label"] == "setosa"
    assert large["labels"][0]["label"] == "virginica"


def test_predict_says_the_answer_in_its_first_line(capsys):
    best = run_json(capsys, "predict", "iris-classifier", FLOWER)["labels"][0]
    _, out, _ = run(capsys, "predict", "iris-classifier", FLOWER)
    assert out.splitlines()[0] == f"{best['label']}, {round(best['prob'] * 100)}\u00a0%"
    assert len(out.splitlines()) == 2 + 3


def test_every_way_to_write_a_row_gives_the_same_answer(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the file is found from wherever one is
    Path("row.csv").write_text("6.1,2.9,4.9,1.7\n")
    Path("named.csv").write_text(
        "Petal_Width,species,petal length (cm),sepal width,sepal length\n1.7,?,4.9,2.9,6.1"
    )
    expected = run_json(capsys, "predict", "iris-classifier", FLOWER)["labels"]
    for given in (
        "6.1 2.9 4.9 1.7",
        "6,1; 2,9; 4,9; 1,7",
        "petal length=4.9, petal width=1.7, sepal length=6.1, sepal width=2.9",
        "row.csv",
        "named.csv",
    ):
        assert run_json(capsys, "predict", "iris-classifier", given)["labels"] == expected, given


def test_several_rows_give_a_list_with_one_answer_each(capsys, tmp_path):
    table = tmp_path / "flowers.csv"
    table.write_text("5.1,3.5,1.4,0.2\n7.7,3.0,6.6,2.3\n")
    answers = run_json(capsys, "predict", "iris-classifier", str(table))
    assert [answer["labels"][0]["label"] for answer in answers] == ["setosa", "virginica"]
    code, out, _ = run(capsys, "predict", "iris-classifier", str(table))
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()] == [["1", "setosa"], ["2", "virginica"]]


def test_a_dash_reads_what_is_piped_in():
    done = run_process("predict", "iris-classifier", "-", "--json", input=b"5.1,3.5,1.4,0.2\n")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["labels"][0]["label"] == "setosa"


def test_generate_rows_is_in_the_agreed_form_and_repeats_with_its_seed(capsys):
    args = ("generate", "iris-generator", "--label", "setosa", "--num", "3", "--seed", "5")
    made = run_json(capsys, *args)
    assert {"model_id", "seed", "items"} <= set(made)
    assert made["seed"] == 5
    assert len(made["items"]) == 3
    for item in made["items"]:
        assert set(item["values"]) == {"sepal length", "sepal width", "petal length", "petal width"}
        assert item["label"] == "setosa"
    assert run_json(capsys, *args)["items"] == made["items"]
    other = run_json(capsys, "generate", "iris-generator", "--label", "setosa", "--num", "3", "--seed", "50")
    assert other["items"] != made["items"]


def test_made_rows_are_written_as_csv_that_predict_reads(capsys, tmp_path):
    run_json(
        capsys,
        "generate",
        "iris-generator",
        "--label",
        "setosa",
        "--num",
        "3",
        "--out",
        str(tmp_path / "new"),
    )
    (written,) = (tmp_path / "new").iterdir()
    answers = run_json(capsys, "predict", "iris-classifier", str(written))
    assert [answer["labels"][0]["label"] for answer in answers] == ["setosa"] * 3


@pytest.mark.parametrize(
    ("args", "key"),
    [
        (["predict", "no-such-model", FLOWER], "model-unknown"),
        (["models", "show", "no-such-model"], "model-unknown"),
        (["predict", "iris-generator", FLOWER], "model-cannot-predict"),
        (["generate", "iris-classifier"], "model-cannot-generate"),
        (["generate", "iris-generator", "--label", "rose"], "label-unknown"),
        (["generate", "iris-generator", "--num", "0"], "num-out-of-range"),
        (["generate", "iris-generator", "--num", "-3"], "num-out-of-range"),
        (["generate", "iris-generator", "--num", "1000000000"], "num-out-of-range"),
        (["generate", "iris-generator", "--seed", "-1"], "seed-out-of-range"),
        (["generate", "iris-generator", "--seed", "1" + "0" * 40], "seed-out-of-range"),
        (["explain", "digits-convnet", "x.png", "--method", "tea-leaves"], "method-unknown"),
        (["explain", "iris-classifier", FLOWER, "--method", "occlusion"], "method-incompatible"),
        (["explain", "iris-classifier", FLOWER], "method-incompatible"),
        (["train", "no-such-recipe"], "recipe-unknown"),
        (["record", "no-such-recording"], "recording-unknown"),
        (["bench", "no-such-bench"], "cli-bench-unknown"),
        (["predict"], "wrong-use"),
        (["no-such-command"], "wrong-use"),
        (["predict", "iris-classifier", FLOWER, "--no-such-option"], "wrong-use"),
        (["generate", "iris-generator", "--num", "many"], "wrong-use"),
        (["serve", "--port", "99999"], "wrong-use"),
    ],
)
def test_what_cannot_be_asked_ends_with_2_and_says_why(capsys, args, key):
    code, out, _ = run(capsys, *args, "--json")
    error = json.loads(out)["error"]
    assert (code, error["key"]) == (2, key)
    assert set(error) == {"key", "what", "means", "do"}
    assert error["what"]
    assert error["do"]
    code, out, err = run(capsys, *args)
    assert code == 2
    assert out == ""
    assert err.strip() == " ".join((error["what"], error["means"], error["do"])).strip()


@pytest.fixture
def catalog():
    catalog = FakeCatalog()
    with use_engine(build_engine(catalog)):
        yield catalog


@pytest.mark.parametrize(
    "error", [RuntimeError("the secret is 4711"), MemoryError("4711"), ValueError("4711")]
)
def test_a_model_that_fails_ends_with_1_and_keeps_its_secret(capsys, catalog, error):
    catalog.table_predictor.error = error
    code, out, err = run(capsys, "predict", "iris-classifier", FLOWER)
    assert (code, out) == (1, "")
    assert "4711" not in err
    assert "Traceback" not in err


def test_a_mistake_of_ours_ends_with_1_without_its_text(capsys, monkeypatch):
    def fail():
        raise IndexError("the secret is 4711")

    monkeypatch.setattr("app.commands.models.list_models", fail)
    code, out, err = run(capsys, "models", "list")
    assert (code, out) == (1, "")
    assert err.strip() == "Something went wrong on our side. Nothing of yours is lost. Please try again."
    with pytest.raises(IndexError):
        cli.main(["--debug", "models", "list"])


def test_a_full_queue_ends_with_1_and_says_when_to_try_again(capsys, catalog, monkeypatch):
    def refuse(_request: PredictRequest):
        raise EngineBusyError(retry_after_s=7)

    monkeypatch.setattr(
        "app.commands.predict.get_engine", lambda: type("Full", (), {"run": staticmethod(refuse)})
    )
    code, _, err = run(capsys, "predict", "iris-classifier", FLOWER)
    assert code == 1
    assert "7 seconds" in err


def test_a_wrong_setting_is_named_and_ends_with_2():
    for as_json in ([], ["--json"]):
        done = run_process("models", "list", *as_json, env={"VITRINE_PORT": "many"})
        assert done.returncode == 2
        assert b"VITRINE_PORT" in done.stdout + done.stderr
        assert b"Traceback" not in done.stderr


def test_serve_hands_on_where_to_listen_and_says_the_address(capsys, monkeypatch):
    seen = []

    def fake_serve(settings, *, on_ready):
        seen.append((settings.host, settings.port))
        on_ready("http://127.0.0.1:9000")

    monkeypatch.setattr("app.server.serve", fake_serve)
    code, out, _ = run(capsys, "serve", "--host", "127.0.0.1", "--port", "9000")
    assert (code, seen) == (0, [("127.0.0.1", 9000)])
    assert "http://127.0.0.1:9000" in out
    assert run_json(capsys, "serve", "--port", "9001") == {"address": "http://127.0.0.1:9000"}


def test_serve_on_a_taken_port_ends_with_1_and_names_it(capsys, monkeypatch):
    def fake_serve(settings, *, on_ready):
        raise StartError("port-busy", host=settings.host, port=settings.port)

    monkeypatch.setattr("app.server.serve", fake_serve)
    code, _, err = run(capsys, "serve", "--port", "9000")
    assert code == 1
    assert "9000" in err


def test_train_runs_the_recipe_into_the_folder_that_is_named(capsys, tmp_path):
    done = run_json(capsys, "train", "iris-classifier", "--out", str(tmp_path / "made"))
    assert done == {
        "recipe_id": "iris-classifier",
        "model_id": "iris-classifier",
        "path": str(tmp_path / "made" / "iris-classifier"),
    }
    assert (tmp_path / "made" / "iris-classifier" / "card.json").is_file()


def test_record_asks_each_example_and_writes_where_the_recordings_are(capsys, tmp_path, monkeypatch):
    from app.examples import RECORDED

    monkeypatch.setattr("core.engine.recordings._get_dir", lambda: tmp_path)
    written = run_json(capsys, "record", "flower-predict")
    assert [row["name"] for row in written] == ["flower-predict"]
    assert "flower-predict" in RECORDED
    assert json.loads((tmp_path / "flower-predict.json").read_text())["weights_sha256"]


def test_a_reader_that_has_seen_enough_ends_it_without_a_word():
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "models", "list"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()  # before anything was written
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == cli.PIPE_CLOSED


def test_words_survive_a_terminal_that_knows_only_ascii():
    done = run_process("predict", "iris-classifier", FLOWER, env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert done.returncode == 0
    assert "\u00a0%" in done.stdout.decode("utf-8")


def test_control_characters_that_were_typed_do_not_reach_the_terminal(capsys):
    code, _, err = run(capsys, "predict", "iris-classifier", "\x1b[31mred\x07, 1, 2, 3")
    assert code == 2
    assert "\x1b" not in err
    assert "\x07" not in err


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_ends_it_at_once_without_a_word():
    script = "import signal, time, sys; from app import cli; import app.commands.models as m\n"
    # a shell that runs the tests in the background has told its children to ignore Ctrl-C
    script += "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    script += "m.list_models = lambda: (print('here', flush=True), time.sleep(60))\n"
    script += "sys.exit(cli.main(['models', 'list']))"
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == b"here"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (cli.INTERRUPTED, b"", b"")


def test_ctrl_c_while_a_model_computes_ends_it(catalog, capsys, monkeypatch):
    catalog.table_predictor.gate = Gate(is_open=False)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        began = time.monotonic()
        assert cli.main(["predict", "iris-classifier", FLOWER]) == cli.INTERRUPTED
        assert time.monotonic() - began < 15  # it did not wait for the model, which would be for ever
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        catalog.table_predictor.gate.open()


def test_it_works_from_another_folder(tmp_path):
    done = run_process("predict", "iris-classifier", FLOWER, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["labels"][0]["label"]
    assert list(tmp_path.iterdir()) == []


def test_it_needs_no_network(tmp_path):
    """The models answer although every look-up of a name and every connection is refused."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "def refuse(event, args):\n"
        "    if event in {'socket.getaddrinfo', 'socket.connect'}:\n"
        "        raise SystemExit(99)\n"
        "sys.addaudithook(refuse)\n"
    )
    done = run_process(
        "predict", "iris-classifier", FLOWER, env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    )
    assert done.returncode == 0, done.stderr
