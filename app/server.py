"""One process, one port: Streamlit at ``/``, the demos, the API, and what stands in front of all three.

Owns how they are joined, started and stopped (docs/adr/0001). It is the only module that knows both the
screens and the demos, and it imports neither at the start: the demos and the API are built later
(``app.lazy``), and Streamlit runs ``main.py`` when the first visitor comes.

From the outside in: headers, gate, traffic, body limit, then Streamlit's own application with our routes.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import errno
import logging
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from app.environment import prepare_environment
from app.gate import Gate, list_host_names
from app.headers import SecurityHeaders, answer_unexpected
from app.lazy import Lazy
from app.limits import BodyLimit
from app.warming import Traffic, warm_up
from core.assets import get_assets_dir
from core.engine import get_engine
from core.errors import StartError
from core.settings import Settings, get_settings

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.types import ASGIApp

GRACE_S = 3.0
"""How long requests that are being answered may still take when the process is asked to stop."""

CLOSING_S = 2.0
"""How long jobs that nobody waits for any more may take to reach their next step."""

LONGEST_PRELOAD_S = 60.0
"""The demos are built after this long even if a model is still loading."""


def build_app(settings: Settings) -> ASGIApp:
    """Join the parts. Starts nothing, loads nothing.

    Raises:
        StartError: the environment must not be like this.
    """
    prepare_environment()

    import streamlit as st  # after the environment is what it must be

    demos = Lazy(lambda: _build_demos(settings), name="demos")
    api = Lazy(_build_api, name="api")

    @contextlib.asynccontextmanager
    async def live(_app: object) -> AsyncIterator[dict[str, Any]]:
        tasks = (_preload, demos.warm, api.warm) if settings.preload else ()
        warming = asyncio.create_task(warm_up(lambda: traffic.last_sent, tasks), name="warm up")
        try:
            yield {}
        finally:
            warming.cancel()
            await asyncio.gather(demos.close(), api.close())
            engine = get_engine()
            await asyncio.to_thread(engine.close, CLOSING_S)
            atexit.unregister(engine.close)  # at the exit it would wait once more for what did not end now

    suite = st.App(
        Path(__file__).with_name("main.py"),
        routes=[
            # Streamlit's page asks for this address. A page_icon would cost each first visitor an image library.
            Route("/favicon.png", lambda _: FileResponse(get_assets_dir() / "brand" / "icon.png")),
            Route("/healthz", _say_alive),
            Route("/readyz", _say_ready),
            Route("/demos", lambda _: RedirectResponse("/demos/")),
            Mount("/demos", demos),
            Mount("/api", api),
        ],
        lifespan=live,
        exception_handlers={Exception: answer_unexpected},
    )
    traffic = Traffic(BodyLimit(suite, settings.max_body_bytes))
    return SecurityHeaders(Gate(traffic, list_host_names(settings)), settings.embed_origins)


def serve(settings: Settings, *, on_ready: Callable[[str], object] | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C, then finish what is being answered and return.

    Args:
        settings: where to listen, and all else.
        on_ready: called once with the address, such as ``http://127.0.0.1:8501``, when it answers there.

    Raises:
        StartError: it cannot listen there, or must not start like this.
    """
    app = build_app(settings)

    import uvicorn  # after the environment is what it must be

    listener = _listen(settings.host, settings.port)
    address = _name_address(settings.host, listener.getsockname()[1])
    config = uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=round(GRACE_S + 2),
        ws="websockets-sansio",
        ws_max_size=settings.max_body_bytes,
        ws_per_message_deflate=False,
    )
    with contextlib.closing(listener), _quiet_signals():
        _build_server(config, lambda: on_ready(address) if on_ready else None).run(sockets=[listener])


def _build_demos(settings: Settings) -> Starlette:
    from demos.mounting import build_site  # gradio takes 5 to 7 s

    return build_site(max_file_bytes=settings.max_body_bytes, fonts=_find_fonts())


def _find_fonts() -> dict[str, str]:
    """Return where Streamlit serves the two fonts that it brings; their names change with its version."""
    import streamlit

    folder = Path(streamlit.__file__).parent / "static/static/media"
    patterns = {"sans": "SourceSansVF-Upright*.woff2", "serif": "SourceSerifVariable-Roman*.woff2"}
    found = {name: next(folder.glob(pattern), None) for name, pattern in patterns.items()}
    return {name: f"/static/media/{path.name}" for name, path in found.items() if path}


def _build_api() -> Starlette:
    from app.api.application import build_api  # fastapi takes half a second

    return build_api(get_engine())


async def _preload() -> None:
    """Load the bundled models, the small ones first, and wait for them so that the demos do not compete."""
    engine = get_engine()
    engine.preload()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LONGEST_PRELOAD_S):
            while any(model.state in {"unloaded", "loading"} for model in engine.status().models):  # noqa: ASYNC110
                await asyncio.sleep(0.1)


async def _say_alive(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _say_ready(_request: Request) -> Response:
    models = get_engine().status().models
    ready = sum(model.state == "ready" for model in models)
    failed = sum(model.state == "failed" for model in models)
    is_ready = ready == len(models)
    body = {
        "status": "ready" if is_ready else "failed" if failed else "loading",
        "ready": ready,
        "failed": failed,
        "total": len(models),
    }
    return JSONResponse(body, 200 if is_ready else 503, None if is_ready else {"retry-after": "2"})


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise StartError("address-unusable", host=host) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
        listener.setblocking(False)
    except PermissionError as error:
        listener.close()
        raise StartError("port-refused", port=port) from error
    except OSError as error:
        listener.close()
        key = "port-busy" if error.errno == errno.EADDRINUSE else "address-unusable"
        raise StartError(key, host=host, port=port) from error
    return listener


def _name_address(host: str, port: int) -> str:
    """Return what a person types into a browser on this machine."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


def _build_server(config: uvicorn.Config, on_started: Callable[[], object]) -> uvicorn.Server:
    import uvicorn

    class Server(uvicorn.Server):
        """Says when it has started; on stopping it ends what would otherwise be waited for for ever."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            logging.getLogger("uvicorn.access").disabled = True  # Streamlit's start switched it on
            logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
            if self.started:
                on_started()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            ending = asyncio.create_task(self._end_requests())
            await super().shutdown(sockets)
            ending.cancel()

        async def _end_requests(self) -> None:
            """Close event streams now and the rest after the grace: for the jobs, their client has left."""
            self._close(lambda cycle: cycle.response_started)
            await asyncio.sleep(GRACE_S)
            self._close(lambda _: True)

        def _close(self, is_meant: Callable[[Any], bool]) -> None:
            for connection in list(self.server_state.connections):
                cycle = getattr(connection, "cycle", None)
                if cycle is not None and is_meant(cycle):
                    connection.transport.close()

    return Server(config)


@contextlib.contextmanager
def _quiet_signals() -> Iterator[None]:
    """Let a stop by signal be a good end: uvicorn raises the signal again afterwards, which would kill us."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    serve(get_settings(), on_ready=print)
