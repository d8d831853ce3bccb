"""The REST interface: what it takes, what it gives, and how it says no."""

from __future__ import annotations

import asyncio
import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest
from PIL import Image
from starlette.testclient import TestClient

from app.api import bodies
from app.api.application import build_api
from core.engine import use_engine
from core.engine.in_process import InProcessEngine
from tests.fakes import FakeCatalog, Gate, build_engine

PIXELS = [[0.0, 1.0], [1.0, 1.0]]
FLOWER = {"sepal length": 0.1, "sepal width": 0.2, "petal length": 0.3, "petal width": 0.2}


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog()


@pytest.fixture
def engine(catalog: FakeCatalog) -> Iterator[InProcessEngine]:
    with use_engine(build_engine(catalog, workers=1, queue_size=1)) as engine:
        yield engine  # pyright: ignore[reportReturnType]


@pytest.fixture
def client(engine: InProcessEngine) -> Iterator[TestClient]:
    with TestClient(build_api(engine), raise_server_exceptions=False) as client:
        yield client


def _check_error(answer: Any, status: int, key: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    error = bodies.ErrorAnswer.model_validate(answer.json()).error
    assert error.key == key
    assert error.what
    assert error.means
    assert error.do
    return answer.json()["error"]


def _png(width: int = 20, height: int = 20, mode: str = "L", colour: Any = 255) -> bytes:
    file = io.BytesIO()
    image = Image.new(mode, (width, height), colour)
    if colour == 255:
        image.paste(0, (8, 2, 11, 18))
    image.save(file, "PNG")
    return file.getvalue()


def _ask_picture(client: TestClient, content: bytes, **fields: str) -> Any:
    fields = {"model_id": "digits-convnet", **fields}
    where = "/v1/explain/picture" if "method" in fields else "/v1/predict/picture"
    return client.post(where, data=fields, files={"picture": ("picture.png", content)})


def test_models_are_listed_and_shown_without_loading_one(client: TestClient, catalog: FakeCatalog) -> None:
    models = client.get("/v1/models").json()
    assert [model["model_id"] for model in models] == [spec.model_id for spec in catalog.specs]
    one = client.get("/v1/models/digits-convnet").json()
    assert one["task"] == "image-classification"
    assert one["card"]
    assert sum(loader.calls for loader in catalog.loaders.values()) == 0


def test_a_row_and_a_picture_are_predicted(client: TestClient) -> None:
    row = client.post("/v1/predict", json={"model_id": "iris-classifier", "values": FLOWER})
    assert row.status_code == 200, row.text
    assert list(row.json()) == ["model_id", "task", "labels", "elapsed_ms", "device", "dtype", "reason"]
    assert sum(one["prob"] for one in row.json()["labels"]) == pytest.approx(1)
    picture = client.post("/v1/predict", json={"model_id": "digits-convnet", "pixels": PIXELS})
    assert picture.json()["labels"][0] == {"label": "ink", "prob": 0.75}


def test_a_picture_file_is_predicted_and_explained(client: TestClient) -> None:
    assert _ask_picture(client, _png()).json()["labels"]
    explained = _ask_picture(client, _png(), method="occlusion", label="paper").json()
    assert (explained["label"], explained["method"]) == ("paper", "occlusion")
    assert explained["faithfulness"]["is_better_than_random"] is True


def test_new_rows_and_pictures_are_generated_in_the_order_of_their_seeds(client: TestClient) -> None:
    rows = client.post("/v1/generate", json={"model_id": "iris-generator", "num": 2, "seed": 5}).json()
    assert [(item["seed"], item["values"]) for item in rows["items"]] == [
        (5, {"number": 0.5}),
        (6, {"number": 0.6}),
    ]
    made = client.post("/v1/generate", json={"model_id": "digits-diffusion", "label": "ink", "num": 2}).json()
    assert [item["seed"] for item in made["items"]] == [0, 1]
    read = client.post(
        "/v1/predict", json={"model_id": "digits-convnet", "pixels": made["items"][1]["pixels"]}
    )
    assert read.status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "key"),
    [
        ("predict", {"model_id": "none", "values": FLOWER}, 404, "model-unknown"),
        ("predict", {"model_id": "digits-convnet", "values": FLOWER}, 422, "api-needs-pixels"),
        ("predict", {"model_id": "iris-classifier", "pixels": PIXELS}, 422, "api-needs-values"),
        ("predict", {"model_id": "iris-generator", "values": FLOWER}, 422, "model-cannot-predict"),
        ("predict", {"model_id": "iris-classifier"}, 422, "api-request-invalid"),
        (
            "predict",
            {"model_id": "iris-classifier", "values": FLOWER, "pixels": PIXELS},
            422,
            "api-request-invalid",
        ),
        ("predict", {"model_id": "iris-classifier", "values": FLOWER, "more": 1}, 422, "api-request-invalid"),
        ("predict", {"model_id": "digits-convnet", "pixels": [[2.0]]}, 422, "api-request-invalid"),
        ("predict", {"model_id": "digits-convnet", "pixels": [[0.0] * 65]}, 422, "api-request-invalid"),
        ("predict", {"model_id": "x" * 81, "values": FLOWER}, 422, "api-request-invalid"),
        ("predict", {"model_id": None}, 422, "api-request-invalid"),
        ("predict", [], 422, "api-request-invalid"),
        (
            "explain",
            {"model_id": "digits-convnet", "pixels": PIXELS, "method": "none"},
            404,
            "method-unknown",
        ),
        (
            "explain",
            {"model_id": "iris-classifier", "values": FLOWER, "method": "occlusion"},
            422,
            "method-incompatible",
        ),
        ("generate", {"model_id": "digits-convnet"}, 422, "model-cannot-generate"),
        ("generate", {"model_id": "digits-diffusion", "label": "cat"}, 422, "label-unknown"),
        ("generate", {"model_id": "digits-diffusion", "num": 65}, 422, "api-request-invalid"),
        ("generate", {"model_id": "digits-diffusion", "num": 0}, 422, "api-request-invalid"),
        ("generate", {"model_id": "digits-diffusion", "seed": -1}, 422, "api-request-invalid"),
        ("generate", {"model_id": "digits-diffusion", "seed": 2**32}, 422, "api-request-invalid"),
        (
            "generate",
            {"model_id": "digits-diffusion", "num_inference_steps": 101},
            422,
            "api-request-invalid",
        ),
        ("generate", {"model_id": "digits-diffusion", "guidance_scale": 11}, 422, "api-request-invalid"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(
    client: TestClient, path: str, body: Any, status: int, key: str
) -> None:
    _check_error(client.post(f"/v1/{path}", json=body), status, key)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(client: TestClient, number: str) -> None:
    text = '{"model_id": "iris-classifier", "values": {"sepal length": ' + number + "}}"
    answer = client.post("/v1/predict", content=text, headers={"content-type": "application/json"})
    _check_error(answer, 422, "api-request-invalid")


def test_a_refusal_names_the_fields_and_not_what_was_in_them(client: TestClient) -> None:
    body = {"model_id": "iris-classifier", "values": {"sepal length": "a secret"}}
    error = _check_error(client.post("/v1/predict", json=body), 422, "api-request-invalid")
    assert any("sepal length" in place for place in error["where"])
    assert "a secret" not in str(error)


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/v1/none", b"", 404),
        ("GET", "/", b"", 404),
        ("DELETE", "/v1/models", b"", 405),
        ("POST", "/v1/predict", b"{", 422),
        ("POST", "/v1/predict", b"\xff\xfe", 422),
        ("POST", "/v1/predict", b"[" * 100_000, 400),
        ("GET", "/v1/models/..%2f..%2fetc%2fpasswd", b"", 404),
        ("GET", "/v1/models/%00", b"", 404),
    ],
)
def test_what_is_no_request_is_refused_in_words(
    client: TestClient, method: str, path: str, content: bytes, status: int
) -> None:
    answer = client.request(method, path, content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status
    bodies.ErrorAnswer.model_validate(answer.json())


def test_a_mistake_of_ours_is_answered_without_its_text(client: TestClient, catalog: FakeCatalog) -> None:
    catalog.predictor.error = RuntimeError("a secret")
    answer = client.post("/v1/predict", json={"model_id": "digits-convnet", "pixels": PIXELS})
    _check_error(answer, 500, "job-failed")
    assert "secret" not in answer.text


def test_a_mistake_outside_the_engine_is_answered_without_its_text(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("app.api.application.list_models", fails)
    answer = client.get("/v1/models")
    _check_error(answer, 500, "unexpected-reference")
    assert "secret" not in answer.text


def test_a_full_queue_says_when_to_come_back(engine: InProcessEngine, catalog: FakeCatalog) -> None:
    catalog.predictor.gate = Gate(is_open=False)

    async def scene() -> None:
        transport = httpx.ASGITransport(build_api(engine))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            body = {"model_id": "digits-convnet", "pixels": PIXELS}
            waiting = [asyncio.create_task(client.post("/v1/predict", json=body)) for _ in range(4)]
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            full = next(iter(done)).result()
            _check_error(full, 503, "engine-busy")
            assert int(full.headers["retry-after"]) >= 1
            catalog.predictor.gate.open()
            answers = await asyncio.gather(*waiting)
            assert {answer.status_code for answer in answers} == {200, 503}

    asyncio.run(scene())


def test_a_client_who_leaves_frees_the_place(engine: InProcessEngine, catalog: FakeCatalog) -> None:
    catalog.generator.gate = Gate(is_open=False)
    app = build_api(engine)
    body = b'{"model_id": "digits-diffusion", "label": "ink"}'

    async def scene() -> None:
        gone = asyncio.Event()
        rest = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Any:
            if (message := next(rest, None)) is not None:
                return message
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            pass

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/generate",
            "query_string": b"",
            "root_path": "",
            "headers": [(b"content-type", b"application/json")],
        }
        asking = asyncio.create_task(app(scope, receive, send))  # pyright: ignore[reportArgumentType]
        await asyncio.to_thread(catalog.generator.gate.wait_for_arrivals)
        gone.set()
        await asking
        await asyncio.to_thread(catalog.generator.gate.let_through)
        while engine.status().running:  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    asyncio.run(scene())
    assert catalog.generator.times_closed == 1
    assert catalog.generator.steps_computed <= 2


def _bomb() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * 10_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


HOSTILE = {
    "empty": b"",
    "text": b"root:x:0:0",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "gif": b"GIF89a" + b"\0" * 100,
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "cut short": _png(200, 200)[:120],
    "one colour": _png(colour=0),
    "bomb": _bomb(),
    "no pixels": b"\x89PNG\r\n\x1a\n",
    "zip": b"PK\x03\x04" + b"\0" * 200,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_picture_gets_words(client: TestClient, name: str) -> None:
    answer = _ask_picture(client, HOSTILE[name])
    assert answer.status_code == 422, answer.text
    assert bodies.ErrorAnswer.model_validate(answer.json()).error.key.startswith("picture-")


@pytest.mark.parametrize(
    ("mode", "colour"), [("1", 1), ("LA", (200, 9)), ("RGBA", (9, 9, 9, 0)), ("I;16", 60000)]
)
def test_an_odd_picture_gets_an_answer_or_words(client: TestClient, mode: str, colour: Any) -> None:
    assert _ask_picture(client, _png(mode=mode, colour=colour)).status_code in {200, 422}


def test_a_picture_that_is_no_file_is_refused(client: TestClient) -> None:
    answer = client.post("/v1/predict/picture", data={"model_id": "digits-convnet", "picture": "x"})
    _check_error(answer, 422, "api-request-invalid")


def test_the_openapi_document_is_whole_and_every_answer_keeps_to_it(client: TestClient) -> None:
    document = client.get("/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    names = [operation["operationId"] for _, _, operation in operations]
    assert len(names) == len(set(names)) == 7
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for path, _, operation in operations:
        for status, answer in operation["responses"].items():
            assert answer["content"]["application/json"]["schema"], (path, status)
    body = {"model_id": "iris-classifier", "values": FLOWER}
    answer = client.post("/v1/predict", json=body).json()
    schema = {"$ref": "#/components/schemas/Prediction", "components": document["components"]}
    jsonschema.validate(answer, schema)


def test_no_page_of_the_api_loads_anything_from_elsewhere(client: TestClient) -> None:
    assert client.get("/docs").status_code == 404
    assert client.get("/redoc").status_code == 404
