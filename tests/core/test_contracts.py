"""Every entry of the registry is loaded for real and held to what it promises."""

from typing import Any

import pytest

from core import registry
from core.contracts import Explainer, Generator, Predictor
from core.engine.in_process import InProcessEngine
from core.errors import InputError
from core.requests import GenerateRequest, ModelInput, Picture, PredictRequest, TableRow
from core.results import Classification, DenoisingStep, GeneratedPictures, GeneratedRows
from core.specs import ModelSpec
from tests.fakes import FakeExplainer, FakeGenerator, FakePredictor, make_spec

MODELS = registry.list_models()
PREDICTORS = [spec for spec in MODELS if spec.can_predict]
GENERATORS = [spec for spec in MODELS if not spec.can_predict]


def by_id(spec: ModelSpec) -> str:
    return spec.model_id


@pytest.fixture(scope="module")
def engine():
    made = InProcessEngine(workers=2, queue_size=200)
    yield made
    made.close()


def lease(engine: InProcessEngine, spec: ModelSpec) -> Any:
    """Return the loaded model itself."""
    engine.load(spec.model_id)
    return engine._pool._entries[spec.model_id].model


def inputs_of(spec: ModelSpec, count: int) -> list[ModelInput]:
    """Return real inputs of the data set that the model was trained on."""
    data = registry.resolve(registry.get_dataset(spec.dataset).entry_point)()
    rows = data.split.test[:count]
    if spec.task.startswith("tabular-"):
        return [
            TableRow(tuple(zip(data.feature_names, map(float, data.X[row]), strict=True))) for row in rows
        ]
    return [Picture(tuple(tuple(float(v) for v in line) for line in data.X[row])) for row in rows]


@pytest.mark.parametrize("spec", MODELS, ids=by_id)
def test_every_model_loads_and_keeps_its_protocol(engine: InProcessEngine, spec: ModelSpec):
    model = lease(engine, spec)
    assert (isinstance(model, Predictor), isinstance(model, Generator)) == (
        spec.can_predict,
        not spec.can_predict,
    )
    assert model.spec == spec
    assert model.labels
    assert len(set(model.labels)) == len(model.labels)
    assert {str(label) for label in model.labels} == set(model.labels)


@pytest.mark.parametrize("spec", MODELS, ids=by_id)
def test_the_engine_says_where_every_model_is_and_how_large(engine: InProcessEngine, spec: ModelSpec):
    lease(engine, spec)
    status = next(model for model in engine.status().models if model.model_id == spec.model_id)
    assert (status.state, status.loads) == ("ready", 1)
    assert status.placement is not None
    assert status.size_bytes
    expected = "files" if spec.task.startswith("tabular-") else "parameters"
    assert status.size_measured_as == expected
    if expected == "parameters":
        assert status.size_bytes == pytest.approx(spec.num_parameters * 4, rel=0.1)  # buffers are counted too


@pytest.mark.parametrize("spec", PREDICTORS, ids=by_id)
def test_a_prediction_names_every_label_with_a_probability(engine: InProcessEngine, spec: ModelSpec):
    model = lease(engine, spec)
    for result in model.predict_batch(inputs_of(spec, 20)):
        assert isinstance(result, Classification)
        probs = [score.prob for score in result.labels]
        assert {score.label for score in result.labels} == set(model.labels)
        assert sum(probs) == pytest.approx(1)
        assert probs == sorted(probs, reverse=True)
        assert all(type(prob) is float and 0 <= prob <= 1 for prob in probs)


@pytest.mark.parametrize("spec", PREDICTORS, ids=by_id)
def test_an_answer_is_the_same_alone_and_in_any_batch(engine: InProcessEngine, spec: ModelSpec):
    model = lease(engine, spec)
    inputs = inputs_of(spec, 33)
    together = model.predict_batch(inputs)
    backwards = model.predict_batch(inputs[::-1])[::-1]
    for item, one, other in zip(inputs, together, backwards, strict=True):
        answer = engine.run(PredictRequest(spec.model_id, item)).result
        assert isinstance(answer, Classification)
        for label in model.labels:
            assert answer.prob_of(label) == pytest.approx(one.prob_of(label), abs=1e-4)
            assert answer.prob_of(label) == pytest.approx(other.prob_of(label), abs=1e-4)


@pytest.mark.parametrize("spec", PREDICTORS, ids=by_id)
def test_an_input_of_another_kind_is_refused_in_words(engine: InProcessEngine, spec: ModelSpec):
    other = Picture(((0.5,),)) if spec.task.startswith("tabular-") else TableRow((("x", 1.0),))
    for wrong in (other, Picture(()), TableRow(())):
        with pytest.raises(InputError):
            engine.run(PredictRequest(spec.model_id, wrong))


@pytest.mark.parametrize("spec", GENERATORS, ids=by_id)
def test_a_sample_depends_on_label_and_seed_alone(engine: InProcessEngine, spec: ModelSpec):
    def samples(seed: int, num: int, label: str | None) -> list[Any]:
        result = engine.run(GenerateRequest(spec.model_id, label, num, seed)).result
        assert isinstance(result, GeneratedRows | GeneratedPictures)
        return list(result.rows if isinstance(result, GeneratedRows) else result.pictures)

    model = lease(engine, spec)
    label = model.labels[-1]
    together = samples(5, 3, label)
    assert [made.label for made in together] == [label] * 3
    assert [made.seed for made in together] == [5, 6, 7]
    for i, made in enumerate(together):
        (alone,) = samples(5 + i, 1, label)
        assert close(alone, made)
    assert not close(together[0], together[1])


def close(a, b) -> bool:
    if (a.label, hasattr(a, "values")) != (b.label, hasattr(b, "values")):
        return False
    if hasattr(a, "values"):
        return [n for n, _ in a.values] == [n for n, _ in b.values] and all(
            abs(x - y) < 1e-4 for (_, x), (_, y) in zip(a.values, b.values, strict=True)
        )
    pairs = zip(a.picture.pixels, b.picture.pixels, strict=True)
    return all(abs(x - y) < 1e-4 for one, other in pairs for x, y in zip(one, other, strict=True))


@pytest.mark.parametrize("spec", GENERATORS, ids=by_id)
def test_steps_count_up_to_the_result(engine: InProcessEngine, spec: ModelSpec):
    events: list[Any] = list(engine.stream(GenerateRequest(spec.model_id, num=2, seed=1)))
    *steps, answer = events
    result = answer.result
    if isinstance(result, GeneratedPictures):
        assert [step.step for step in steps] == list(range(steps[0].num_steps + 1))
        assert all(isinstance(step, DenoisingStep) and len(step.pictures) == 2 for step in steps)
        assert steps[-1].pictures == tuple(made.picture for made in result.pictures)
    else:
        assert steps == []


@pytest.mark.parametrize("spec", GENERATORS, ids=by_id)
@pytest.mark.parametrize("wrong", [{"label": "nobody"}, {"num": 0}, {"num": 10**9}, {"seed": -1}])
def test_a_wish_that_cannot_be_granted_is_refused(engine: InProcessEngine, spec: ModelSpec, wrong: dict):
    with pytest.raises(InputError):
        engine.run(GenerateRequest(spec.model_id, **wrong))


@pytest.mark.parametrize("spec", registry.list_explainers(), ids=lambda spec: spec.method)
def test_every_explainer_keeps_its_protocol_and_fits_exactly_its_tasks(spec):
    explainer = registry.resolve(spec.entry_point)()
    assert isinstance(explainer, Explainer)
    assert explainer.method == spec.method
    for model in MODELS:
        assert explainer.is_compatible(model) == (model.task in spec.tasks)


@pytest.mark.parametrize("spec", registry.list_datasets(), ids=lambda spec: spec.dataset_id)
def test_every_data_set_can_be_read(spec):
    data = registry.resolve(spec.entry_point)()
    assert data.dataset_id == spec.dataset_id
    assert len(data.X) == len(data.y) > 100


def test_the_fakes_keep_the_same_protocols():
    predictor = FakePredictor(make_spec("p", "image-classification"))
    generator = FakeGenerator(make_spec("g", "class-to-image"))
    assert isinstance(predictor, Predictor)
    assert not isinstance(predictor, Generator)
    assert isinstance(generator, Generator)
    assert isinstance(FakeExplainer(), Explainer)
