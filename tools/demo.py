"""Start Vitrine from this checkout, wait until it answers, and open it in the browser if there is a desktop.

`make demo` calls this after the set-up. Ctrl-C stops it. Standard library only.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_LIMIT_S = 60
STOP_LIMIT_S = 15


def main() -> int:
    """Run the suite until it ends or the person stops it; return the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    host = os.environ.get("VITRINE_HOST", "127.0.0.1")
    port = choose_port(host, int(os.environ.get("VITRINE_PORT", "8501")))
    reachable = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  compared, not bound
    address = f"http://{reachable}:{port}"
    print("Starting Vitrine ...", flush=True)
    command = [ROOT / ".venv" / "bin" / "vitrine", "serve", "--host", host, "--port", str(port)]
    server = subprocess.Popen(command)
    try:
        if wait_until_alive(server, f"{address}/healthz"):
            print(f"\n{show(address, port)}\n", flush=True)
        elif server.poll() is None:
            print(f"\nNo answer for {START_LIMIT_S} s. Try {address}, or stop with Ctrl-C.", flush=True)
        code = server.wait()
    except KeyboardInterrupt:
        stop(server)
        print("\nVitrine has stopped.", flush=True)
        return 0
    if code:
        print("\nVitrine ended by itself; the lines above say why.", file=sys.stderr)
    return code


def choose_port(host: str, wanted: int) -> int:
    """Return the wanted port, or the next free one, and say so when it is another."""
    for port in (*range(wanted, min(wanted + 20, 65536)), 0):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            free: int = probe.getsockname()[1]
        if free != wanted and wanted:
            print(f"Port {wanted} is in use by another program; using {free}.")
        return free
    return wanted  # let the server say what is wrong with this host


def wait_until_alive(server: subprocess.Popen[bytes], url: str) -> bool:
    """Return True when the server answers, False when it has ended or takes too long."""
    until = time.monotonic() + START_LIMIT_S
    # Never ask a proxy for this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while server.poll() is None and time.monotonic() < until:
        try:
            with opener.open(url, timeout=2):
                return True
        except urllib.error.HTTPError:
            return True  # it answers, and says itself what is wrong
        except OSError:
            time.sleep(0.05)
    return False


def show(address: str, port: int) -> str:
    """Open the browser if there is a desktop; return what the person should know or do."""
    has_desktop = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    if not has_desktop:
        return (
            f"This machine has no desktop, so no browser was opened. Open {address} in a browser here;\n"
            f"from another machine, first run there: ssh -L {port}:localhost:{port} NAME-OF-THIS-MACHINE"
        )
    try:
        if webbrowser.open(address):
            return f"{address} opens in your browser now."
    except (webbrowser.Error, OSError):
        pass
    return f"No web browser was found. Install one (Debian: apt-get install firefox-esr), then open {address}"


def stop(server: subprocess.Popen[bytes]) -> None:
    """Let the server finish, which has seen the same Ctrl-C; end it when it takes too long."""
    for end in (server.terminate, server.kill):
        try:
            server.wait(STOP_LIMIT_S)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            end()
        else:
            return


if __name__ == "__main__":
    sys.exit(main())
