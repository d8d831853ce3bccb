"""Who may come in: the first thing that every request and every websocket meets.

Owns the rules for the headers Host and Origin, and the list of doors of other people's servers that stay
shut. Knows nothing about what lies behind it. It is a plain ASGI layer in front of Streamlit, because
Streamlit looks up its own address on the internet, inside the event loop, for the first foreign Origin that
it sees.

The rules, and why:

* **Host** must be a name of this machine, or one that the operator named. A web page that points its own name
  at 127.0.0.1 (DNS rebinding) comes with its own name. An address counts as ours only if it is the one that
  this very connection arrived at: nothing is looked up.
* **Origin**, where there is one, must be exactly this host. Browsers send it with every websocket and every
  request of a page that is not a plain read, so a page elsewhere cannot act for a visitor.
* **No Origin** is let in: programs send none, and what a browser asks without one cannot be read by the page
  that asked (``Cross-Origin-Resource-Policy``).
* **Origin null** is refused: it is any sandboxed frame or local file, so it proves nothing.
* A header that comes twice is refused: two readers could each believe another one.
* A proxy's ``X-Forwarded-Host`` must pass the same rule, and is then the only host that anything behind us
  sees.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import InputError
from core.settings import Settings
from core.wording import explain_error

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::[0-9]{1,5})?")
_ANY_ADDRESS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104  # compared with, not listened on
_SHUT = re.compile(
    # Streamlit: counters for anybody, an API that drives the app, log-in routes; nobody here needs them.
    r"/(?:.*/)?_stcore/(?:metrics|agent|script-health-check)(?:/.*)?"
    r"|/(?:auth/(?:login|logout)|oauth2callback)/?"
    # Gradio: proxies, recordings, links stored without limit, pages for developers.
    r"|/demos/[^/]+/(?:monitoring|login|logout|pwa_icon)(?:/.*)?"
    r"|/demos/[^/]+/gradio_api/(?:deep_link|proxy=|process_recording|vibe|undo-vibe|stream|runs|run-history|dev"
    r"|profiling|component_server|custom_component|token|user|login_check|call/v2).*",
    re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
"""No address here holds one, and pattern matchers disagree on where a line ends: to Starlette, before it."""
_SLASHES = re.compile("/{2,}")
_FORWARDED = frozenset({b"x-forwarded-host", b"x-gradio-server", b"forwarded"})


def list_host_names(settings: Settings, environ: Mapping[str, str] = os.environ) -> frozenset[str]:
    """Return the names under which browsers may ask for this process, in lower case and without ports."""
    names = set(LOOPBACK_NAMES)
    if settings.host not in LOOPBACK_NAMES:
        own = socket.gethostname().lower()  # read from the kernel; asks no name server
        names |= {own, f"{own.split('.')[0]}.local"}
    if settings.host not in _ANY_ADDRESS:
        names.add(settings.host.lower())
    names |= {name.lower() for name in settings.allowed_hosts}
    if environ.get("SPACE_HOST"):
        names.add(environ["SPACE_HOST"].lower())
    return frozenset(names)


class Gate:
    """Lets a request through, or answers 403 (404 for a shut door) and repeats nothing that it said."""

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self._app = app
        self._names = frozenset(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI demands."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        problem = self._find_problem(scope)
        if problem is not None:
            words = str(explain_error(InputError(problem)))
            await _refuse(scope, receive, send, words, status=403)
        elif _is_shut(scope["path"]):
            await _refuse(scope, receive, send, str(explain_error(InputError("page-unknown"))), status=404)
        else:
            await self._app(_with_one_host(scope), receive, send)

    def _find_problem(self, scope: Scope) -> str | None:
        hosts, origins = _get_all(scope, b"host"), _get_all(scope, b"origin")
        forwarded = _get_all(scope, b"x-forwarded-host")
        if len(hosts) != 1 or len(forwarded) > 1:
            return "host-foreign"
        if not all(self._is_ours(host, scope) for host in (*hosts, *forwarded)):
            return "host-foreign"
        if len(origins) > 1 or (origins and not _is_same(origins[0], (forwarded or hosts)[0])):
            return "origin-foreign"
        return None

    def _is_ours(self, host: str, scope: Scope) -> bool:
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = (match[1] or match[2]).lower()
        return name in self._names or _is_own_address(name, scope)


def _is_shut(path: str) -> bool:
    return bool(_CONTROL.search(path) or _SHUT.fullmatch(_SLASHES.sub("/", path)))


def _is_own_address(name: str, scope: Scope) -> bool:
    """Whether ``name`` is the address that this connection arrived at."""
    server = scope.get("server")
    if not server:
        return False
    try:
        return ip_address(name) == ip_address(str(server[0]).split("%")[0])
    except ValueError:
        return False


def _is_same(origin: str, host: str) -> bool:
    """Whether an origin is this host: to the letter, as browsers write both, so that all behind us agree."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and origin == f"{parts.scheme}://{host}"


def _get_all(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _with_one_host(scope: Scope) -> Scope:
    """Make the host that was checked the only one: no proxy's header that a library might believe remains."""
    forwarded = [value for key, value in scope["headers"] if key == b"x-forwarded-host"]
    if not any(key in _FORWARDED for key, _ in scope["headers"]):
        return scope
    headers = [(key, value) for key, value in scope["headers"] if key not in _FORWARDED]
    if forwarded:
        headers = [(key, forwarded[0] if key == b"host" else value) for key, value in headers]
    return {**scope, "headers": headers}


async def _refuse(scope: Scope, receive: Receive, send: Send, words: str, *, status: int) -> None:
    if scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
        await PlainTextResponse(words, status_code=status)(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008})
