"""The bench harness with tiny runs. No time is asserted here."""

import http.client
import json
import os
import sys
import time
from pathlib import Path

import pytest

from app import bench, cli
from app.bench import machine, servers, startup
from app.bench.measurement import Measurement, Report, compare_medians
from app.bench.startup import Start
from core.errors import StartError

RESULT_KEYS = {"metric", "value", "unit", "peer", "peer_value", "ratio", "runs"}


def test_a_ratio_above_1_means_that_we_are_better():
    assert compare_medians("b.wait", "s", [2.0, 1.0, 9.0], "peer", [4.0, 4.0, 4.0]).ratio == 2.0
    slower = compare_medians("b.speed", "1/s", [30.0], "peer", [10.0], is_less_better=False)
    assert slower.ratio == 3.0
    assert compare_medians("b.speed", "1/s", [5.0], "peer", [10.0], is_less_better=False).ratio == 0.5


def test_series_of_different_length_are_not_compared():
    with pytest.raises(ValueError, match="equally often"):
        compare_medians("b.wait", "s", [1.0], "peer", [1.0, 2.0])


def test_both_are_started_in_turn_and_the_first_start_of_each_is_not_counted():
    order = []

    def start(contestant):
        order.append(contestant.name)
        run = order.count(contestant.name)
        return Start(100.0, 100.0, 100.0) if run == 1 else Start(run, 2 * run, 3 * run)

    results = startup.compare([startup.OURS, startup.THEIRS], 3, start, lambda _: None)
    assert order == ["vitrine", "streamlit hello"] * 4
    by_metric = {result.metric: result for result in results}
    assert by_metric["startup.home"].value == by_metric["startup.home"].peer_value == 9.0
    assert by_metric["startup.alive"].value == 3.0
    assert all(result.runs == 3 for result in results)


def fake_bench(runs, on_progress):
    on_progress("one of one")
    return [Measurement("startup.home", 2.0, "s", "peer", 3.0, runs)]


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(startup, "measure", fake_bench)


@pytest.mark.parametrize("name", ["startup", "all"])
def test_the_json_is_in_the_agreed_form(capsys, tiny, name):
    assert cli.main(["bench", name, "--runs", "2", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report) == {"bench", "machine", "results"}
    assert report["bench"] == name
    (result,) = report["results"]
    assert set(result) == RESULT_KEYS
    assert result == {
        "metric": "startup.home",
        "value": 2.0,
        "unit": "s",
        "peer": "peer",
        "peer_value": 3.0,
        "ratio": 1.5,
        "runs": 2,
    }


def test_with_a_file_the_json_is_written_there_and_people_read_the_figures(capsys, tiny, tmp_path):
    path = tmp_path / "bench.json"
    assert cli.main(["bench", "startup", "--runs", "1", "--json", str(path)]) == 0
    assert json.loads(path.read_text())["results"][0]["ratio"] == 1.5
    assert "1.50 x" in capsys.readouterr().out


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_measured(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(startup, "measure", lambda *_: pytest.fail("it measured first"))
    assert cli.main(["bench", "startup", "--json", str(tmp_path / "no" / "such" / "bench.json")]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["key"] == "cli-folder-unwritable"


def test_without_a_browser_it_says_so_and_ends_with_1(capsys, monkeypatch):
    monkeypatch.setattr(startup, "find_chromium", lambda: None)
    assert cli.main(["bench", "startup", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["key"] == "cli-browser-missing"


def test_the_machine_is_described_without_host_name_user_or_path():
    described = json.dumps(machine.describe_machine())
    assert {"cpu", "cores", "memory_gb", "python"} <= set(json.loads(described))
    assert os.uname().nodename not in described
    assert str(Path.home()) not in described


def test_every_bench_can_be_found():
    from importlib import import_module

    for entry_point in bench._BENCHES.values():
        module, _, function = entry_point.partition(":")
        assert callable(getattr(import_module(module), function))


def test_metrics_carry_the_name_of_their_bench():
    results = startup.compare([startup.OURS, startup.THEIRS], 1, lambda _: Start(1, 1, 1), lambda _: None)
    assert all(result.metric.startswith("startup.") for result in results)
    assert set(Report("startup", {}, tuple(results)).to_json()["results"][0]) == RESULT_KEYS


SERVER = """
import http.server, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/alive" else 404)
        self.end_headers()
        self.wfile.write(str(child.pid).encode())
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_server_is_waited_for_and_ended_with_its_children(tmp_path):
    port = servers.find_free_port()
    with servers.run_server("tiny", [sys.executable, "-c", SERVER, str(port)], port, tmp_path) as server:
        assert server.wait_until_alive("/alive", 60) > 0
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/")
        child = int(connection.getresponse().read())
        connection.close()
        assert is_running(server.process.pid)
        assert is_running(child)
    assert not is_running(server.process.pid)
    until = time.monotonic() + 20
    while is_running(child) and time.monotonic() < until:  # its new parent reaps it
        time.sleep(0.05)
    assert not is_running(child)


def test_a_server_that_ends_by_itself_is_not_waited_for(tmp_path):
    port = servers.find_free_port()
    with (
        servers.run_server("broken", [sys.executable, "-c", "raise SystemExit(3)"], port, tmp_path) as server,
        pytest.raises(StartError) as caught,
    ):
        server.wait_until_alive("/alive", 60)
    assert (caught.value.key, caught.value.values["code"]) == ("cli-bench-ended", 3)


def test_settings_of_ours_and_of_the_peer_do_not_reach_what_is_measured(monkeypatch):
    monkeypatch.setenv("VITRINE_PRELOAD", "false")
    monkeypatch.setenv("STREAMLIT_SERVER_PORT", "1")
    assert not {"VITRINE_PRELOAD", "STREAMLIT_SERVER_PORT"} & set(servers._get_plain_environment())


@pytest.mark.browser
def test_one_real_start_of_the_peer_goes_through_all_stages_in_order():
    with startup._Browser() as browser:
        took = startup.start_once(startup.THEIRS, browser)
    assert 0 < took.alive_s <= took.words_s <= took.home_s


@pytest.mark.browser
def test_one_real_start_of_vitrine_goes_through_all_stages_in_order():
    with startup._Browser() as browser:
        took = startup.start_once(startup.OURS, browser)
    assert 0 < took.alive_s <= took.words_s <= took.home_s
