"""The real server on a free port of loopback, in a process of its own, with fake models.

``python tests/app/serving.py`` is that process; ``start`` starts it. Its digit generator never ends
unless the request says how many steps it wants.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Serving:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str], log: Path, url: str) -> None:
        self.process = process
        self._log = log
        self.url = url

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def read_log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(by)
        return self.process.wait(timeout=60)


@contextlib.contextmanager
def start(**environ: str) -> Iterator[Serving]:
    """Start the server from another folder, wait until it says where it is, and stop it at the end."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("w", encoding="utf-8") as errors:
            process = subprocess.Popen(
                [sys.executable, str(Path(__file__).resolve())],
                env={**os.environ, "VITRINE_PORT": "0", "PYTHONPATH": str(ROOT), **environ},
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
            assert process.stdout is not None
            try:
                url = process.stdout.readline().strip()
                serving = Serving(process, log, url)
                assert url.startswith("http://"), serving.read_log()
                yield serving
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait()
                process.stdout.close()


def main() -> None:
    from app.server import serve
    from core.engine import use_engine
    from core.settings import get_settings
    from tests.fakes import FakeCatalog, build_engine

    catalog = FakeCatalog()
    catalog.generator.num_inference_steps = 10**9
    with use_engine(build_engine(catalog)):
        serve(get_settings(), on_ready=lambda url: print(url, flush=True))  # noqa: T201


if __name__ == "__main__":
    main()
