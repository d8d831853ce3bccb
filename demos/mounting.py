"""All demos on one site: an index, and each demo at its own address.

Owns how Gradio is mounted: its limits, what of it is switched off, that nobody's Origin is reflected, and
that it fetches no address and writes no visitor's text into the log.
Knows nothing about the rest of the server. Whoever mounts the site must run its lifespan, or no button ever
answers.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from html import escape
from types import SimpleNamespace
from typing import Any, NoReturn

import gradio as gr
import gradio.processing_utils
import gradio.queueing
import gradio.route_utils
import gradio.routes
from core.engine.job_log import log_failure
from core.errors import InputError
from core.wording import explain_error, get_words, say
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from demos import look
from demos.budget import UploadBudget
from demos.gallery import DEMOS, Demo, build, draw_cover

MAX_THREADS = 16
"""For Gradio's own work. 40 would mean that it shares the pool with whoever else is in the process."""

SESSIONS_KEPT = 200


def build_site(*, max_file_bytes: int, fonts: Mapping[str, str] | None = None) -> FastAPI:
    """Build every demo and the index.

    Args:
        max_file_bytes: the largest file that a visitor may upload.
        fonts: ``serif`` and ``sans``, addresses of fonts on this server; else the visitor's own are used.
    """
    _keep_gradio_offline()
    _keep_visitors_out_of_the_log()
    site = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    # Gradio reflects any Origin unless its parent has rules of its own: here, no other origin at all.
    site.add_middleware(CORSMiddleware, allow_origins=[])
    site.add_middleware(UploadBudget, max_file_bytes=max_file_bytes)
    head = look.build_head(fonts or {})
    page = _index_html(head)

    @site.get("/")
    async def show_index() -> Response:
        return HTMLResponse(page)

    for demo in DEMOS:
        _mount(site, demo, head, max_file_bytes)
    return site


def _mount(site: FastAPI, demo: Demo, head: str, max_file_bytes: int) -> None:
    blocks = build(demo)
    blocks.max_threads = MAX_THREADS
    blocks.state_session_capacity = SESSIONS_KEPT
    # An idle queue looks for work a thousand times a second otherwise; 20 ms are not noticed.
    blocks._queue.sleep_when_free = 0.02
    blocks._queue.progress_update_sleep_when_free = 0.05
    gr.mount_gradio_app(
        site,
        blocks,
        f"/{demo.slug}",
        allowed_paths=[],
        enable_monitoring=False,
        footer_links=[],
        head=head,
        max_file_size=max_file_bytes,
        mcp_server=False,
        pwa=False,
        run_history=False,
        show_error=False,
        ssr_mode=False,
        theme=look.build_theme(),
    )


def _keep_gradio_offline() -> None:
    """Take from Gradio what fetches an address for a visitor.

    Any program may send ``{"path": "http://..."}`` as a file, or ask for ``file=http://...``. Gradio then looks
    the name up and loads what is there, from inside this network: its own guard keeps private addresses out, but
    not the look-up, nor a server that a stranger chose. Nothing here needs an address, so none is ever looked up.
    """
    tools = gradio.processing_utils
    tools.async_ssrf_protected_get = tools.async_ssrf_protected_download = _refuse_address
    tools.ssrf_protected_download = tools.save_url_to_cache = tools.unsafe_download = _refuse_address_now
    gradio.route_utils.secure_url_stream_response = _answer_address
    routes: Any = gradio.routes  # it imported the function by name
    routes.secure_url_stream_response = _answer_address


async def _refuse_address(*_: object, **__: object) -> NoReturn:
    _refuse_address_now()


def _refuse_address_now(*_: object, **__: object) -> NoReturn:
    raise gr.Error(str(explain_error(InputError("address-refused"))), print_exception=False)


async def _answer_address(*_: object, **__: object) -> Response:
    return PlainTextResponse(str(explain_error(InputError("address-refused"))), 403)


def _keep_visitors_out_of_the_log() -> None:
    """Let Gradio write places instead of tracebacks: the text of an exception can quote what a visitor sent."""
    quiet = SimpleNamespace(**{**vars(traceback), "print_exc": _log_places})
    for module in (gradio.queueing, gradio.route_utils, gradio.routes):
        vars(module)["traceback"] = quiet


def _log_places(*_: object, **__: object) -> None:
    failure = sys.exception()
    if failure is not None:
        log_failure(failure, "a demo")


def _index_html(head: str) -> str:
    words = {key: escape(text) for key, text in get_words("demos.index").items()}
    groups = "".join(_group_html(group) for group in dict.fromkeys(demo.group for demo in DEMOS))
    programs = say(
        "demos.index.for-programs-says", path="/demos/.../gradio_api/info", api="/api/v1/openapi.json"
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{words["title"]} - {words["home"]}</title>
<link rel="icon" href="data:,">
{head}
</head>
<body class="v-page"><main>
<nav class="v-bar" aria-label="{words["home"]}">
<a href="../" title="{words["home-says"]}">{words["home"]}</a>
</nav>
<h1 class="v-question">{words["question"]}</h1>
<p class="v-answer">{words["answer"]}</p>
{groups}
<p class="v-foot"><b>{words["for-programs"]}</b>{escape(str(programs))}</p>
</main></body>
</html>"""


def _group_html(group: str) -> str:
    doors = "".join(_door_html(demo) for demo in DEMOS if demo.group == group)
    return f'<h2>{escape(get_words("demos.groups")[group])}</h2><ul class="v-doors">{doors}</ul>'


def _door_html(demo: Demo) -> str:
    words = {
        key: escape(text) for key, text in get_words(f"demos.{demo.key}").items() if isinstance(text, str)
    }
    go = escape(get_words("demos.index")["open"])
    return (
        f'<li class="v-door {demo.group}"><div class="v-cover">{draw_cover(demo)}</div>'
        f"<h3>{words['title']}</h3><p>{words['says']}</p>"
        f'<a href="{demo.slug}/" aria-label="{go}: {words["title"]}">{go} '
        '<span aria-hidden="true">&rarr;</span></a></li>'
    )
