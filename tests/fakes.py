"""Shared fakes: they keep the real protocols, answer at once, count what is asked, and stop where told.

``build_engine`` gives a real in-process engine with fake models under the names of the real ones, so that the
engine, the server and the screens can be tested without torch and without files.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from core.contracts import LoadedModel, ModelFiles
from core.engine.in_process import InProcessEngine
from core.errors import InputError, NotFoundError
from core.requests import ExplainRequest, GenerateRequest, ModelInput, Picture, TableRow
from core.results import (
    Attribution,
    Classification,
    DenoisingStep,
    Faithfulness,
    GeneratedPicture,
    GeneratedPictures,
    GeneratedRow,
    GeneratedRows,
    LabelScore,
)
from core.specs import ExplainerSpec, Message, ModelSpec, Placement, Task

ON_CPU = Placement("cpu", "float32", Message("devices.none"))
LONG_S = 20.0
"""How long a test waits for something that happens at once if the code is right: a failure, never a delay."""


class Gate:
    """A place where threads stop until a test lets them go on. An open gate lets everybody through."""

    def __init__(self, *, is_open: bool = True) -> None:
        self._changed = threading.Condition()
        self._is_open = is_open
        self._tickets = 0
        self.arrivals = 0

    def stop_here(self) -> None:
        with self._changed:
            self.arrivals += 1
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._is_open or self._tickets, LONG_S), (
                "nobody opened the gate"
            )
            if not self._is_open:
                self._tickets -= 1

    def wait_for_arrivals(self, count: int = 1) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.arrivals >= count, LONG_S), (
                f"{self.arrivals} of {count} came"
            )

    def let_through(self, count: int = 1) -> None:
        with self._changed:
            self._tickets += count
            self._changed.notify_all()

    def open(self) -> None:
        with self._changed:
            self._is_open = True
            self._changed.notify_all()


class FakeFiles:
    """Files that are in memory."""

    def __init__(self, content: dict[str, bytes] | None = None) -> None:
        self.content = content or {}

    def read(self, name: str) -> bytes:
        return self.content[name]


class FakePredictor:
    """Says "ink" with the mean of all numbers as its probability (1 at most), else "paper"."""

    labels = ("paper", "ink")

    def __init__(self, spec: ModelSpec, placement: Placement = ON_CPU, gate: Gate | None = None) -> None:
        self.spec = spec
        self.placement = placement
        self.gate = gate or Gate()
        self.batch_sizes: list[int] = []
        self.error: BaseException | None = None

    def predict_batch(self, inputs: Sequence[ModelInput]) -> list[Classification]:
        self.batch_sizes.append(len(inputs))
        self.gate.stop_here()
        if self.error is not None:
            raise self.error
        return [self._predict(item) for item in inputs]

    def _predict(self, item: ModelInput) -> Classification:
        wants_table = self.spec.task.startswith("tabular-")
        if wants_table != isinstance(item, TableRow):
            raise InputError("input-not-a-picture", model_id=self.spec.model_id)
        numbers = (
            [value for _, value in item.values]
            if isinstance(item, TableRow)
            else [value for row in item.pixels for value in row]
        )
        ink = min(1.0, sum(numbers) / len(numbers))
        scores = (LabelScore("ink", ink), LabelScore("paper", 1 - ink))
        return Classification(tuple(sorted(scores, key=lambda score: -score.prob)))


class FakeGenerator:
    """Makes grey 2x2 pictures in steps (or one-number rows at once) that depend on label and seed alone."""

    labels = ("paper", "ink")

    def __init__(self, spec: ModelSpec, placement: Placement = ON_CPU, gate: Gate | None = None) -> None:
        self.spec = spec
        self.placement = placement
        self.gate = gate or Gate()
        self.num_inference_steps = 5
        self.steps_computed = 0
        self.times_closed = 0
        self.error_at_step: tuple[int, BaseException] | None = None

    def generate(
        self, request: GenerateRequest
    ) -> Iterator[DenoisingStep | GeneratedRows | GeneratedPictures]:
        if request.label is not None and request.label not in self.labels:
            raise InputError("label-unknown", label=request.label, known=", ".join(self.labels))
        label = request.label or "ink"
        seeds = range(request.seed, request.seed + request.num)
        num_steps = request.num_inference_steps or self.num_inference_steps
        try:
            if self.spec.task == "tabular-generation":
                self.gate.stop_here()
                yield GeneratedRows(
                    tuple(GeneratedRow(label, seed, (("number", seed / 10),)) for seed in seeds)
                )
                return
            pictures = [Picture(((seed % 10 / 10,) * 2,) * 2) for seed in seeds]
            for step in range(num_steps + 1):
                self.gate.stop_here()
                if self.error_at_step is not None and self.error_at_step[0] == step:
                    raise self.error_at_step[1]
                self.steps_computed += 1
                yield DenoisingStep(step, num_steps, tuple(pictures))
            yield GeneratedPictures(
                tuple(GeneratedPicture(label, seed, made) for seed, made in zip(seeds, pictures, strict=True))
            )
        finally:
            self.times_closed += 1


class FakeExplainer:
    """Marks every pixel as much as it holds ink."""

    method = "occlusion"

    def is_compatible(self, spec: ModelSpec) -> bool:
        return spec.task == "image-classification"

    def explain(self, model: LoadedModel, request: ExplainRequest) -> Attribution:
        assert isinstance(model, FakePredictor)
        assert isinstance(request.input, Picture)
        (classification,) = model.predict_batch([request.input])
        label = request.label or classification.best.label
        return Attribution(
            method=self.method,
            label=label,
            prob=classification.prob_of(label),
            scores=request.input.pixels,
            patch_size=1,
            picture=request.input,
            classification=classification,
            num_model_calls=1,
            faithfulness=Faithfulness((0.9, 0.1), (0.9, 0.5), 20),
        )


class FakeLoader:
    """Loads what ``build`` makes; stops at its gate, fails while ``errors`` are left, and counts."""

    def __init__(self, build: Callable[[ModelSpec, Placement], LoadedModel]) -> None:
        self.build = build
        self.gate = Gate()
        self.errors: list[BaseException] = []
        self.calls = 0
        self.reads: tuple[str, ...] = ()

    def load(self, spec: ModelSpec, files: ModelFiles, placement: Placement) -> LoadedModel:
        self.calls += 1
        for name in self.reads:
            files.read(name)
        self.gate.stop_here()
        if self.errors:
            raise self.errors.pop(0)
        return self.build(spec, placement)


def make_spec(model_id: str, task: Task, size_bytes: int = 1000, source: str = "bundled") -> ModelSpec:
    """Return a spec whose entry point is its own id: ``FakeCatalog`` resolves it to its loader."""
    card = {"num_parameters": size_bytes // 4, "size_bytes": size_bytes, "license": "Apache-2.0"}
    return ModelSpec(model_id, task, model_id.partition("-")[0], model_id, source, card)


class FakeCatalog:
    """A registry of fakes under the names of the real models; ``predictor`` and so on reach the fakes."""

    def __init__(self) -> None:
        self.specs: list[ModelSpec] = [
            make_spec("iris-classifier", "tabular-classification", 100),
            make_spec("iris-generator", "tabular-generation", 200),
            make_spec("digits-convnet", "image-classification", 3000),
            make_spec("digits-diffusion", "class-to-image", 4000),
        ]
        self.predictor = FakePredictor(self.get_model("digits-convnet"))
        self.generator = FakeGenerator(self.get_model("digits-diffusion"))
        self.table_predictor = FakePredictor(self.get_model("iris-classifier"))
        self.table_generator = FakeGenerator(self.get_model("iris-generator"))
        self.loaders = {
            "digits-convnet": FakeLoader(lambda spec, placement: self.predictor),
            "digits-diffusion": FakeLoader(lambda spec, placement: self.generator),
            "iris-classifier": FakeLoader(lambda spec, placement: self.table_predictor),
            "iris-generator": FakeLoader(lambda spec, placement: self.table_generator),
        }

    def list_models(self) -> Sequence[ModelSpec]:
        return tuple(self.specs)

    def get_model(self, model_id: str) -> ModelSpec:
        for spec in self.specs:
            if spec.model_id == model_id:
                return spec
        raise NotFoundError("model-unknown", model_id=model_id)

    def get_explainer(self, method: str) -> ExplainerSpec:
        if method == "occlusion":
            return ExplainerSpec("occlusion", frozenset({"image-classification"}), "occlusion")
        raise NotFoundError("method-unknown", method=method)

    def resolve(self, entry_point: str) -> object:
        return FakeExplainer if entry_point == "occlusion" else self.loaders[entry_point]


def build_engine(
    catalog: FakeCatalog | None = None, *, workers: int = 2, queue_size: int = 64
) -> InProcessEngine:
    """Return a real engine on fake models, for ``core.engine.use_engine`` or to be closed by the caller."""
    return InProcessEngine(
        workers=workers,
        queue_size=queue_size,
        catalog=catalog or FakeCatalog(),
        get_files=lambda spec, report: FakeFiles(),
        place=lambda spec: ON_CPU,
    )
