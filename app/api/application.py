"""The REST application: routes, and how errors look.

Owns the addresses under ``/api/v1`` and which status an error of the core has. Knows no model: it passes
typed requests to the engine and shows answers as the command line does.

There is no page to try the API on: the usual ones load scripts from the internet. ``/api/v1/openapi.json``
can be opened with any such tool.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Form, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from app.api import bodies
from app.api.jobs import Jobs
from app.commands.models import to_json_view
from app.headers import REFERENCE
from core.engine import Engine
from core.errors import (
    CancelledError,
    EngineBusyError,
    EngineError,
    IncompatibleError,
    InputError,
    JobFailedError,
    ModelFileError,
    NotFoundError,
    VitrineError,
)
from core.registry import get_dataset, get_model, list_models
from core.requests import ExplainRequest, GenerateRequest, ModelInput, Picture, PredictRequest, TableRow
from core.results_json import view_answer
from core.wording import explain_error

_STATUS: tuple[tuple[type[VitrineError], int], ...] = (
    (NotFoundError, 404),
    (InputError, 422),
    (IncompatibleError, 422),
    (EngineBusyError, 503),
    (CancelledError, 503),
    (JobFailedError, 500),
    (EngineError, 503),
    (ModelFileError, 503),
)
_KEY_OF_STATUS = {404: "page-unknown", 405: "api-method-wrong", 413: "body-too-large"}
_ASKING: dict[int | str, dict[str, Any]] = {
    status: {"model": bodies.ErrorAnswer} for status in (400, 404, 422, 500, 503)
}

router = APIRouter(prefix="/v1", responses={500: {"model": bodies.ErrorAnswer}})


def _get_jobs(request: Request) -> Jobs:
    return request.app.state.jobs


JobsHere = Annotated[Jobs, Depends(_get_jobs)]


def build_api(engine: Engine) -> FastAPI:
    """Return the application, with its own limits on waiting."""
    api = FastAPI(
        title="Vitrine",
        version="1",
        description="What the screens show, for programs. The same answers as `vitrine ... --json`.",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        exception_handlers={
            VitrineError: _answer_error,
            RequestValidationError: _answer_invalid,
            HTTPException: _answer_http_error,
            ClientDisconnect: _answer_nobody,
            Exception: _answer_unexpected,
        },
    )
    api.state.jobs = Jobs(engine)
    api.include_router(router)
    return api


@router.get("/models", operation_id="list_models")
async def list_all_models() -> list[bodies.Model]:
    """List every model. Loads none of them."""
    return [bodies.Model(**to_json_view(spec)) for spec in list_models()]


@router.get("/models/{model_id}", operation_id="get_model", responses=_ASKING)
async def show_model(model_id: str) -> bodies.ModelWithCard:
    """Show one model and its card. Loads it not."""
    spec = get_model(model_id)
    return bodies.ModelWithCard(**to_json_view(spec), card=dict(spec.card))


@router.post("/predict", operation_id="predict", responses=_ASKING)
async def predict(body: bodies.PredictBody, http: Request, jobs: JobsHere) -> bodies.Prediction:
    """Say what a row or a picture is."""
    answer = await jobs.answer(http, PredictRequest(body.model_id, _to_input(body)))
    return bodies.Prediction(**view_answer(answer))


@router.post("/predict/picture", operation_id="predict_picture", responses=_ASKING)
async def predict_picture(
    form: Annotated[bodies.PictureForm, Form(media_type="multipart/form-data")], http: Request, jobs: JobsHere
) -> bodies.Prediction:
    """Say what is in a picture file."""
    picture = await _read_picture(form, jobs)
    answer = await jobs.answer(http, PredictRequest(form.model_id, picture))
    return bodies.Prediction(**view_answer(answer))


@router.post("/explain", operation_id="explain", responses=_ASKING)
async def explain(body: bodies.ExplainBody, http: Request, jobs: JobsHere) -> bodies.Explanation:
    """Say which parts an answer hangs on, and whether that can be trusted."""
    request = ExplainRequest(body.model_id, _to_input(body), method=body.method, label=body.label)
    return bodies.Explanation(**view_answer(await jobs.answer(http, request)))


@router.post("/explain/picture", operation_id="explain_picture", responses=_ASKING)
async def explain_picture(
    form: Annotated[bodies.ExplainPictureForm, Form(media_type="multipart/form-data")],
    http: Request,
    jobs: JobsHere,
) -> bodies.Explanation:
    """Say which parts of a picture file an answer hangs on."""
    picture = await _read_picture(form, jobs)
    request = ExplainRequest(form.model_id, picture, method=form.method, label=form.label)
    return bodies.Explanation(**view_answer(await jobs.answer(http, request)))


@router.post("/generate", operation_id="generate", responses=_ASKING, response_model_exclude_none=True)
async def generate(body: bodies.GenerateBody, http: Request, jobs: JobsHere) -> bodies.Generated:
    """Make new rows or pictures."""
    answer = await jobs.answer(http, GenerateRequest(**body.model_dump()))
    return bodies.Generated(**view_answer(answer, seed=body.seed))


def _to_input(body: bodies.Input) -> ModelInput:
    spec = get_model(body.model_id)
    if not spec.can_predict:
        raise IncompatibleError("model-cannot-predict", model_id=spec.model_id)
    is_picture = get_dataset(spec.dataset).kind == "image"
    if is_picture != (body.pixels is not None):
        raise InputError("api-needs-pixels" if is_picture else "api-needs-values", model_id=spec.model_id)
    if body.pixels is not None:
        return Picture(tuple(tuple(row) for row in body.pixels))
    return TableRow(tuple((body.values or {}).items()))


async def _read_picture(form: bodies.PictureForm, jobs: Jobs) -> Picture:
    spec = get_model(form.model_id)
    if not spec.can_predict:
        raise IncompatibleError("model-cannot-predict", model_id=spec.model_id)
    if get_dataset(spec.dataset).kind != "image":
        raise InputError("api-needs-values", model_id=spec.model_id)
    content = await form.picture.read()

    def read() -> Picture:
        from core.data.pictures import decode_picture, to_digit

        return to_digit(decode_picture(content))

    return await jobs.read(read)


async def _answer_error(_request: Request, error: Exception) -> Response:
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    headers = {}
    if status == 503:
        wait_s = error.retry_after_s if isinstance(error, EngineBusyError) else 5
        headers["retry-after"] = str(max(1, math.ceil(wait_s)))
    return _word(error, status, headers)


async def _answer_invalid(_request: Request, error: Exception) -> Response:
    """Name the fields and what is wrong with them, never what was sent."""
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    where = [
        f"{'.'.join(str(part) for part in one['loc'][:6])[:120]}: {one['msg'][:200]}" for one in problems[:10]
    ]
    return _word(InputError("api-request-invalid"), 422, where=where)


async def _answer_http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    return _word(InputError(_KEY_OF_STATUS.get(status, "api-request-unreadable")), status, headers)


async def _answer_nobody(_request: Request, _error: Exception) -> Response:
    return Response(status_code=499)  # never sent: the client has left


async def _answer_unexpected(request: Request, _error: Exception) -> Response:
    reference = request.scope.get(REFERENCE, "-")
    return _word(JobFailedError("unexpected-reference", reference=reference), 500)


def _word(
    error: Exception, status: int, headers: Mapping[str, str] | None = None, where: list[str] | None = None
) -> Response:
    words = explain_error(error)
    key = error.key if isinstance(error, VitrineError) else "unexpected"
    content: dict[str, Any] = {"key": key, "what": words.what, "means": words.meaning, "do": words.advice}
    if where:
        content["where"] = where
    return JSONResponse({"error": content}, status, headers)
