"""Make `.venv`: a private Python environment with exactly what `requirements.lock` names, checked by hash.

Every make verb calls this first. When nothing has changed since the last time it returns at once and touches
no network. Needs Python and pip only: no venv module, no administrator rights. Standard library only, and
written so that an old Python can read it far enough to say that it is too old.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BOOTSTRAP = ROOT / ".bootstrap"
VENV = ROOT / ".venv"
STAMP = VENV / "set-up-stamp"
OLDEST_PYTHON = (3, 11)

# Measured on Debian 12, x86-64: 6.8 GB in place, 3.5 GB downloaded; torch and what it brings are 5.5 GB.
# Elsewhere torch comes without them.
NEEDED_GB = 8 if sys.platform == "linux" else 4
DOWNLOADED_GB, INSTALLED_GB = (3.5, 7) if sys.platform == "linux" else (1, 2.5)
UNREACHABLE = ("NewConnectionError", "name resolution", "timed out", "No matching distribution", "ProxyError")


class SetUpError(Exception):
    """The set-up cannot go on. The text says what is wrong and what to do, in plain words."""


def main():
    """Set up when needed; return the exit code."""
    try:
        check_python()
        if not is_current():
            set_up()
    except SetUpError as error:
        print("\n%s" % error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Run the same command again to go on where it stopped.", file=sys.stderr)
        return 130
    return 0


def check_python():
    """Refuse a Python that is too old, by name."""
    if sys.version_info < OLDEST_PYTHON:
        raise SetUpError(
            "Vitrine needs Python 3.11 or newer; %s is Python %d.%d. Install a newer one and name it, "
            "for example: make demo PYTHON=python3.12"
            % (sys.executable, sys.version_info[0], sys.version_info[1])
        )


def is_current():
    """Tell whether `.venv` was made from the files as they are now, for this folder and this Python."""
    try:
        return STAMP.read_text() == "\n".join(compute_stamp())
    except OSError:
        return False


def compute_stamp():
    """Return two lines: where and by what the environment was made, and from which files."""
    import tomllib  # an old Python, which lacks it, is refused before

    place = "%s %s %s" % (ROOT, os.path.realpath(sys.executable), sys.version.split()[0])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    # What decides the installation; the rules for style and types may change without a new one.
    decisive = [project["project"], project["build-system"], project["tool"]["hatch"]]
    digest = hashlib.sha256((ROOT / "requirements.lock").read_bytes() + json.dumps(decisive).encode())
    return [place, digest.hexdigest()]


def set_up():
    """Install the installer, make the environment, fill it, and leave the stamp last."""
    is_first = not (VENV / "bin" / "vitrine").exists()
    if is_first:
        check_space()
        say(
            "Setting up Vitrine in this folder. This happens once and needs the internet.\n"
            "It downloads about %s GB and takes about %s GB on disk, nearly all of it torch, which runs the\n"
            "models. On a fast line that is a few minutes, at 20 Mbit/s about half an hour.\n"
            "You can stop with Ctrl-C and go on later." % (DOWNLOADED_GB, INSTALLED_GB)
        )
    else:
        say("The list of needed packages has changed; bringing this folder up to date.")
    uv = install_uv()
    keep = "--clear" if has_moved() else "--allow-existing"
    run_uv(uv, "venv", "--quiet", "--no-project", "--python", sys.executable, keep, str(VENV))
    sync = ("pip", "sync", "--require-hashes", "requirements.lock")
    # First without the network: often everything is there, or was downloaded before.
    if not call_uv(uv, *sync, "--quiet", "--offline", is_silent=True):
        say("Fetching packages. Each is compared with its fingerprint in requirements.lock before use.")
        run_uv(uv, *sync)
    # Vitrine itself: a link to this folder and the `vitrine` command; the lock has brought the build backend.
    link = ("--quiet", "--offline", "--no-deps", "--no-build-isolation", "--reinstall", "--editable", ".")
    run_uv(uv, "pip", "install", *link)
    STAMP.write_text("\n".join(compute_stamp()))
    say("Set-up is complete. From now on Vitrine starts without the internet.")


def has_moved():
    """Tell whether the environment there was made in another folder or by another Python."""
    try:
        return STAMP.read_text().split("\n")[0] != compute_stamp()[0]
    except OSError:
        return False


def check_space():
    """Refuse to start filling a disk that is too small, in this folder or where uv keeps its downloads."""
    cache = Path(os.environ.get("UV_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or Path.home())
    for folder in {ROOT, cache if cache.is_dir() else ROOT}:
        free_gb = shutil.disk_usage(str(folder)).free / 1e9
        if free_gb < NEEDED_GB:
            raise SetUpError(
                "Vitrine needs %d GB of free disk space to be set up, and the disk of %s has %.1f GB. "
                "Free some space, or put this folder on a larger disk, then run the same command again."
                % (NEEDED_GB, folder, free_gb)
            )


def install_uv():
    """Return the path of uv, the installer, in its own folder; fetch it with pip when it is not there."""
    uv = BOOTSTRAP / "bin" / ("uv.exe" if os.name == "nt" else "uv")
    wanted = (ROOT / "tools" / "uv.lock.txt").read_text()
    stamp = BOOTSTRAP / "stamp"
    if uv.exists() and stamp.exists() and stamp.read_text() == wanted:
        return str(uv)
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode:
        raise SetUpError(
            "Vitrine needs pip, which this Python (%s) lacks. On Debian or Ubuntu: "
            "apt-get install python3-pip. Elsewhere: %s -m ensurepip" % (sys.executable, sys.executable)
        )
    say("Fetching uv, the installer.")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
    pip += ["--retries", "2", "--upgrade", "--require-hashes", "--target", str(BOOTSTRAP)]
    done = subprocess.run([*pip, "-r", str(ROOT / "tools" / "uv.lock.txt")], capture_output=True, text=True)
    if done.returncode:
        if any(sign in done.stderr for sign in UNREACHABLE):
            raise SetUpError(
                "This computer cannot reach the Python package index. The first set-up needs the internet; "
                "connect and run the same command again. Later starts need no network."
            )
        raise SetUpError("The installer could not be fetched. pip says: %s" % done.stderr.strip()[-600:])
    stamp.write_text(wanted)
    return str(uv)


def run_uv(uv, *arguments):
    """Run uv so that its progress bars reach the terminal; say in a sentence what a failure means."""
    if not call_uv(uv, *arguments):
        raise SetUpError(
            "The set-up stopped; the lines above say why. If the network failed, connect and run the "
            "same command again: what is already downloaded is kept."
        )


def call_uv(uv, *arguments, is_silent=False):
    """Run uv on `.venv`; tell whether it succeeded."""
    environment = {**os.environ, "VIRTUAL_ENV": str(VENV), "UV_PYTHON_DOWNLOADS": "never"}
    environment.pop("PYTHONPATH", None)
    environment.setdefault("UV_HTTP_TIMEOUT", "300")  # a shared classroom line is slow, not broken
    environment.setdefault("UV_LINK_MODE", "hardlink" if is_cache_beside() else "copy")
    errors = subprocess.DEVNULL if is_silent else None
    return subprocess.run([uv, *arguments], cwd=str(ROOT), env=environment, stderr=errors).returncode == 0


def is_cache_beside():
    """Tell whether uv's downloads lie on the same disk as this folder, so that files need not be copied."""
    cache = Path(os.environ.get("UV_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or Path.home())
    return cache.is_dir() and cache.stat().st_dev == ROOT.stat().st_dev


def say(text):
    """Print now, also when the output goes to a file."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
