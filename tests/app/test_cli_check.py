"""``vitrine check``: each check can find its problem, and says it."""

import json
import shutil
import socket

import pytest

from app import cli
from app.commands import readiness
from core.engine import use_engine
from core.registry import list_models
from core.specs import Device
from tests.fakes import FakeCatalog, build_engine


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def check(capsys, port: int) -> tuple[int, dict]:
    code = cli.main(["check", "--port", str(port), "--json"])
    return code, json.loads(capsys.readouterr().out)


def get_check(report: dict, name: str) -> dict:
    return next(one for one in report["checks"] if one["check"] == name)


@pytest.fixture
def healthy(monkeypatch, tmp_path):
    """A machine on which nothing but the models is in doubt."""
    monkeypatch.setenv("VITRINE_STATE_DIR", str(tmp_path))
    monkeypatch.setattr(readiness, "find_browser", lambda: tmp_path / "firefox")
    monkeypatch.setattr(readiness, "read_cpu", lambda: Device("cpu", 0, "cpu", 8_000_000_000, 8_000_000_000))


def test_a_machine_that_is_ready_ends_with_0_after_every_model_has_answered(capsys, healthy, port):
    code, report = check(capsys, port)
    assert (code, report["ready"]) == (0, True), report
    assert all(set(one) == {"check", "ok", "message"} for one in report["checks"])
    names = [one["check"] for one in report["checks"]]
    for spec in list_models():
        assert {f"files:{spec.model_id}", f"answer:{spec.model_id}"} <= set(names)
    assert {"pillow", "port", "browser", "disk", "memory", "network"} <= set(names)
    assert all(one["message"].endswith(".") for one in report["checks"])


def test_for_people_each_check_is_a_line_and_the_last_one_says_whether_class_can_begin(capsys, healthy, port):
    code = cli.main(["check", "--port", str(port)])
    out = capsys.readouterr().out.splitlines()
    assert code == 0
    assert all(line.startswith("ok ") for line in out[:-1])
    assert out[-1] == "This machine is ready for class."


@pytest.fixture
def quick(healthy, monkeypatch):
    """As ``healthy``, and no model is asked."""
    monkeypatch.setattr(readiness, "list_models", lambda: ())


def test_a_taken_port_is_a_problem(capsys, quick):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, report = check(capsys, port)
    assert (code, report["ready"]) == (1, False)
    assert not get_check(report, "port")["ok"]
    assert str(port) in get_check(report, "port")["message"]


def test_no_browser_is_a_problem(capsys, quick, monkeypatch, port):
    monkeypatch.setattr(readiness, "find_browser", lambda: None)
    code, report = check(capsys, port)
    assert (code, get_check(report, "browser")["ok"]) == (1, False)


def test_a_full_disk_is_a_problem(capsys, quick, monkeypatch, port):
    usage = type(shutil.disk_usage("."))(10, 9, 1)
    monkeypatch.setattr(readiness.shutil, "disk_usage", lambda _: usage)
    code, report = check(capsys, port)
    assert (code, get_check(report, "disk")["ok"]) == (1, False)


def test_little_memory_is_a_problem(capsys, quick, monkeypatch, port):
    monkeypatch.setattr(readiness, "read_cpu", lambda: Device("cpu", 0, "cpu", 1_000_000_000, 500_000_000))
    code, report = check(capsys, port)
    assert (code, get_check(report, "memory")["ok"]) == (1, False)
    assert "0.5 GB" in get_check(report, "memory")["message"]


def test_an_old_pillow_is_a_problem(capsys, quick, monkeypatch, port):
    monkeypatch.setattr(readiness, "version", lambda _: "12.3.0")
    code, report = check(capsys, port)
    assert (code, get_check(report, "pillow")["ok"]) == (1, False)


def test_two_problems_are_counted_in_words(capsys, quick, monkeypatch, port):
    monkeypatch.setattr(readiness, "find_browser", lambda: None)
    monkeypatch.setattr(readiness, "version", lambda _: "12.3.0")
    assert cli.main(["check", "--port", str(port)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "There are two problems to solve before class."


def test_a_model_whose_file_was_changed_is_a_problem_and_the_others_are_still_checked(
    capsys, healthy, monkeypatch, port
):
    def get_files(spec):
        from core.errors import ModelFileError

        class Changed:
            def read(self, name):
                if spec.model_id == "iris-classifier":
                    raise ModelFileError("model-file-changed", model_id=spec.model_id, file=name)
                return b""

        return Changed()

    monkeypatch.setattr(readiness, "get_files", get_files)
    code, report = check(capsys, port)
    assert code == 1
    bad = get_check(report, "files:iris-classifier")
    assert not bad["ok"]
    assert "iris-classifier" in bad["message"]
    assert get_check(report, "files:iris-generator")["ok"]


def test_a_model_that_fails_is_a_problem_without_its_secret(capsys, healthy, port):
    catalog = FakeCatalog()
    catalog.table_predictor.error = RuntimeError("the secret is 4711")
    with use_engine(build_engine(catalog)):
        code, report = check(capsys, port)
    assert code == 1
    assert not get_check(report, "answer:iris-classifier")["ok"]
    assert "4711" not in json.dumps(report)


def test_a_model_that_asks_for_the_network_is_a_problem(capsys, healthy, port, monkeypatch):
    catalog = FakeCatalog()
    answer = catalog.table_predictor.predict_batch

    def ask_outside(inputs):
        with pytest.raises(OSError):  # noqa: PT011  # nobody has this name, by RFC 2606
            socket.getaddrinfo("models.invalid", 443)
        return answer(inputs)

    catalog.table_predictor.predict_batch = ask_outside
    with use_engine(build_engine(catalog)):
        code, report = check(capsys, port)
    assert code == 1
    assert not get_check(report, "network")["ok"]
