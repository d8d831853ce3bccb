"""A server as a process of its own: started, waited for, and ended together with everything that it started.

Owns processes of benches. Knows neither Vitrine nor its peers: it is given a command and an address to ask.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.errors import StartError

ASK_EVERY_S = 0.01
STOP_LIMIT_S = 10.0


class Server:
    """A running server; ``started_at`` is just before its process began, by ``time.perf_counter``."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], port: int, started_at: float) -> None:
        self.name = name
        self.process = process
        self.port = port
        self.started_at = started_at

    @property
    def url(self) -> str:
        """The address of its first page."""
        return f"http://127.0.0.1:{self.port}/"

    def wait_until_alive(self, health_path: str, limit_s: float) -> float:
        """Ask for ``health_path`` until it answers 200; return the seconds since the start.

        Raises:
            StartError: keys ``cli-bench-ended``, ``cli-bench-no-answer`` (it took longer than ``limit_s``).
        """
        while time.perf_counter() - self.started_at < limit_s:
            if self.process.poll() is not None:
                raise StartError("cli-bench-ended", server=self.name, code=self.process.returncode)
            if _is_alive(self.port, health_path):
                return time.perf_counter() - self.started_at
            time.sleep(ASK_EVERY_S)
        raise StartError("cli-bench-no-answer", server=self.name, limit_s=limit_s)


@contextlib.contextmanager
def run_server(name: str, command: Sequence[str], port: int, cwd: Path) -> Iterator[Server]:
    """Start a server in a process group of its own, and end all of the group at the end."""
    with tempfile.TemporaryFile() as log:
        started_at = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603  # the contestants of a bench, no input of anybody
            command,
            cwd=cwd,
            env=_get_plain_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield Server(name, process, port, started_at)
        finally:
            _end(process)


def find_free_port() -> int:
    """Return a port of the loopback address on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _get_plain_environment() -> dict[str, str]:
    """Return the environment without settings of ours or the peer's: both start as they come."""
    ours = ("VITRINE_", "STREAMLIT_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _is_alive(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_LIMIT_S)
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the group that run_server made: children left behind
    else:
        process.kill()
    process.wait(STOP_LIMIT_S)
