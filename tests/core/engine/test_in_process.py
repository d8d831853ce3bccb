"""The engine in this process: one copy, a bounded queue, cancelling, failing alone. No sleep is a proof."""

import gc
import logging
import threading
import time
from collections.abc import Iterator

import pytest

from core.engine.in_process import STEPS_AHEAD, InProcessEngine
from core.errors import (
    CancelledError,
    EngineBusyError,
    EngineError,
    IncompatibleError,
    InputError,
    JobFailedError,
    ModelFileError,
    NotFoundError,
)
from core.requests import ExplainRequest, GenerateRequest, Picture, PredictRequest, TableRow
from core.results import Answer, Attribution, Classification, DenoisingStep, LoadProgress
from tests.fakes import LONG_S, ON_CPU, FakeCatalog, FakeFiles, Gate, build_engine

PICTURE = Picture(((1.0, 0.0), (0.0, 0.0)))
PREDICT = PredictRequest("digits-convnet", PICTURE)
GENERATE = GenerateRequest("digits-diffusion", seed=3)
EXPLAIN = ExplainRequest("digits-convnet", PICTURE, "occlusion")
LONG = GenerateRequest("digits-diffusion", num_inference_steps=10_000)


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog()


@pytest.fixture
def engine(catalog: FakeCatalog) -> Iterator[InProcessEngine]:
    made = build_engine(catalog)
    yield made
    for gate in (
        catalog.predictor.gate,
        catalog.generator.gate,
        *(loader.gate for loader in catalog.loaders.values()),
    ):
        gate.open()
    made.close()


@pytest.fixture
def narrow(catalog: FakeCatalog) -> Iterator[InProcessEngine]:
    """One worker, two places in the queue."""
    made = build_engine(catalog, workers=1, queue_size=2)
    yield made
    catalog.predictor.gate.open()
    catalog.generator.gate.open()
    made.close()


def in_thread(function) -> threading.Thread:
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def collect(function, into: list) -> threading.Thread:
    """Call in a thread and keep what it returns or raises."""

    def call() -> None:
        try:
            into.append(function())
        except Exception as error:  # noqa: BLE001
            into.append(error)

    return in_thread(call)


def model_status(engine: InProcessEngine, model_id: str):
    return next(model for model in engine.status().models if model.model_id == model_id)


def until(is_true) -> None:
    """Wait for something that a worker does of its own accord and tells nobody."""
    deadline = time.monotonic() + LONG_S
    while not is_true():
        assert time.monotonic() < deadline


# Answers.


def test_a_prediction_says_what_where_and_how_long(engine: InProcessEngine):
    answer = engine.run(PREDICT)
    assert isinstance(answer.result, Classification)
    assert answer.result.best.label == "paper"
    assert (answer.model_id, answer.task, answer.placement) == (
        "digits-convnet",
        "image-classification",
        ON_CPU,
    )
    assert answer.elapsed_ms > 0
    assert answer.recorded is None


def test_a_table_row_is_predicted(engine: InProcessEngine):
    answer = engine.run(PredictRequest("iris-classifier", TableRow((("a", 0.2), ("b", 0.4)))))
    assert isinstance(answer.result, Classification)
    assert answer.result.prob_of("ink") == pytest.approx(0.3)


def test_the_explainer_is_handed_the_model_and_does_not_ask_the_engine(
    engine: InProcessEngine, catalog: FakeCatalog
):
    answer = engine.run(EXPLAIN)
    assert isinstance(answer.result, Attribution)
    assert catalog.predictor.batch_sizes == [1]
    assert catalog.loaders["digits-convnet"].calls == 1


def test_an_explanation_works_with_a_single_worker_and_a_full_queue(narrow: InProcessEngine):
    assert isinstance(narrow.run(EXPLAIN).result, Attribution)


def test_a_stream_gives_every_step_in_order_and_last_the_answer(engine: InProcessEngine):
    events = list(engine.stream(GENERATE))
    steps = [event.step for event in events if isinstance(event, DenoisingStep)]
    assert steps == [0, 1, 2, 3, 4, 5]
    assert isinstance(events[-1], Answer)
    assert sum(isinstance(event, Answer) for event in events) == 1


def test_a_stream_and_a_run_give_the_same_result(engine: InProcessEngine):
    *_, last = engine.stream(GENERATE)
    assert isinstance(last, Answer)
    assert last.result == engine.run(GENERATE).result


def test_a_model_without_steps_streams_only_its_answer(engine: InProcessEngine):
    engine.load("iris-generator")
    events = list(engine.stream(GenerateRequest("iris-generator", num=2)))
    assert [type(event) for event in events] == [Answer]


def test_the_result_of_a_ticket_can_be_asked_for_twice(engine: InProcessEngine):
    ticket = engine.submit(PREDICT)
    assert ticket.result() is ticket.result()
    assert ticket.is_done
    assert ticket.place == 0
    assert ticket.expected_wait_s == 0


def test_time_is_measured_inside_the_model_and_not_in_the_queue(
    narrow: InProcessEngine, catalog: FakeCatalog, monkeypatch: pytest.MonkeyPatch
):
    clock = iter(range(1000))
    monkeypatch.setattr("core.engine.in_process.time.perf_counter", lambda: next(clock))
    assert narrow.run(PREDICT).elapsed_ms == 1000  # one tick between before and after


# Refused at once.


def test_an_unknown_model_is_refused_before_it_is_queued(engine: InProcessEngine):
    with pytest.raises(NotFoundError) as refused:
        engine.submit(PredictRequest("nobody", PICTURE))
    assert refused.value.key == "model-unknown"
    assert engine.status().queue_length == 0


@pytest.mark.parametrize(
    ("request_", "key"),
    [
        (PredictRequest("digits-diffusion", PICTURE), "model-cannot-predict"),
        (GenerateRequest("digits-convnet"), "model-cannot-generate"),
        (ExplainRequest("digits-diffusion", PICTURE, "occlusion"), "model-cannot-predict"),
        (ExplainRequest("iris-classifier", PICTURE, "occlusion"), "method-incompatible"),
    ],
)
def test_what_does_not_go_together_is_refused_without_loading(
    engine: InProcessEngine, catalog: FakeCatalog, request_, key: str
):
    with pytest.raises(IncompatibleError) as refused:
        engine.submit(request_)
    assert refused.value.key == key
    assert all(loader.calls == 0 for loader in catalog.loaders.values())


def test_an_unknown_method_is_refused(engine: InProcessEngine):
    with pytest.raises(NotFoundError):
        engine.submit(ExplainRequest("digits-convnet", PICTURE, "tarot"))


def test_a_refusal_of_the_model_reaches_the_visitor_unchanged(engine: InProcessEngine):
    with pytest.raises(InputError) as refused:
        engine.run(PredictRequest("digits-convnet", TableRow((("a", 1.0),))))
    assert refused.value.key == "input-not-a-picture"


# Loading.


def test_a_hundred_simultaneous_callers_load_a_model_once(catalog: FakeCatalog):
    engine = build_engine(catalog, queue_size=200)
    gate = catalog.loaders["digits-convnet"].gate = Gate(is_open=False)
    start = threading.Barrier(100)
    got: list[object] = []

    def call() -> Answer:
        start.wait(LONG_S)
        return engine.run(PREDICT)

    threads = [collect(call, got) for _ in range(100)]
    gate.wait_for_arrivals()
    gate.open()
    for thread in threads:
        thread.join(LONG_S)
    assert len(got) == 100
    assert all(isinstance(answer, Answer) for answer in got)
    assert catalog.loaders["digits-convnet"].calls == 1
    assert model_status(engine, "digits-convnet").loads == 1
    assert model_status(engine, "digits-convnet").runs == 100
    engine.close()


def test_while_one_model_loads_the_others_answer_even_with_one_worker(
    narrow: InProcessEngine, catalog: FakeCatalog
):
    narrow.load("iris-classifier")
    gate = catalog.loaders["digits-convnet"].gate = Gate(is_open=False)
    waiting = narrow.submit(PREDICT)
    gate.wait_for_arrivals()
    row = TableRow((("a", 0.5),))
    assert isinstance(narrow.run(PredictRequest("iris-classifier", row)), Answer)
    assert not waiting.is_done
    assert model_status(narrow, "digits-convnet").state == "loading"
    gate.open()
    assert isinstance(waiting.result(LONG_S), Answer)


def test_a_load_that_fails_is_told_to_everybody_who_waits_and_a_later_call_may_try_again(
    engine: InProcessEngine, catalog: FakeCatalog
):
    loader = catalog.loaders["digits-convnet"]
    loader.gate = Gate(is_open=False)
    loader.errors = [ModelFileError("model-file-missing", model_id="digits-convnet", file="x")]
    tickets = [engine.submit(PREDICT) for _ in range(5)]
    loader.gate.wait_for_arrivals()
    until(lambda: len(engine._waiting_for_model.get("digits-convnet", ())) == 5)
    loader.gate.let_through()
    for ticket in tickets:
        with pytest.raises(ModelFileError):
            ticket.result(LONG_S)
    assert (loader.calls, model_status(engine, "digits-convnet").loads) == (1, 0)
    loader.gate.open()
    assert isinstance(engine.run(PREDICT), Answer)
    assert model_status(engine, "digits-convnet").state == "ready"


def test_everybody_who_waits_for_a_load_that_fails_gets_an_error_of_their_own(
    engine: InProcessEngine, catalog: FakeCatalog
):
    loader = catalog.loaders["digits-convnet"]
    loader.gate = Gate(is_open=False)
    loader.errors = [EngineBusyError(retry_after_s=7.0)]
    raised = loader.errors[0]
    told: list[object] = []
    calls = [lambda: engine.run(PREDICT), lambda: engine.load("digits-convnet")]
    threads = [collect(call, told) for call in calls * 3]
    loader.gate.wait_for_arrivals()
    until(lambda: len(engine._waiting_for_model.get("digits-convnet", ())) == 3)
    until(lambda: len(engine._pool._changed._waiters) == 3)  # pyright: ignore[reportAttributeAccessIssue]
    loader.gate.let_through()
    for thread in threads:
        thread.join(LONG_S)
    busy = [error for error in told if isinstance(error, EngineBusyError)]
    assert len({id(error) for error in (*busy, raised)}) == 7
    assert {(error.key, error.retry_after_s) for error in busy} == {("engine-busy", 7.0)}
    kept = engine._pool._entry(catalog.get_model("digits-convnet")).error
    assert kept is not None
    assert kept.__traceback__ is kept.__context__ is None


def test_an_error_that_is_asked_for_twice_is_two_errors(engine: InProcessEngine):
    ticket = engine.submit(PredictRequest("digits-convnet", TableRow((("a", 1.0),))))
    told: list[InputError] = []
    for _ in range(2):
        with pytest.raises(InputError) as refused:
            ticket.result(LONG_S)
        told.append(refused.value)
    assert told[0] is not told[1]
    assert (told[0].key, told[0].values) == (told[1].key, told[1].values)
    assert ticket._job.answer_error is not None
    assert ticket._job.answer_error.__traceback__ is None


def test_a_model_that_cannot_be_measured_fails_and_the_next_one_still_loads(
    engine: InProcessEngine, monkeypatch: pytest.MonkeyPatch
):
    def fail(model, file_bytes):
        raise RuntimeError("odd attributes")

    with monkeypatch.context() as patch:
        patch.setattr("core.engine.pool._measure", fail)
        with pytest.raises(JobFailedError) as failed:
            engine.submit(PREDICT).result(LONG_S)
    assert failed.value.key == "model-load-failed"
    status = model_status(engine, "digits-convnet")
    assert (status.state, status.loads, status.placement) == ("failed", 0, None)
    assert isinstance(engine.submit(PREDICT).result(LONG_S), Answer)


def test_a_loader_that_ends_its_thread_fails_alone(engine: InProcessEngine, catalog: FakeCatalog):
    catalog.loaders["digits-convnet"].errors = [SystemExit("I leave")]
    with pytest.raises(JobFailedError):
        engine.submit(PREDICT).result(LONG_S)
    assert isinstance(engine.submit(PREDICT).result(LONG_S), Answer)


def test_a_loading_thread_that_died_is_started_anew_and_takes_up_what_it_left(
    engine: InProcessEngine, catalog: FakeCatalog, monkeypatch: pytest.MonkeyPatch
):
    dead: list[threading.Thread] = []

    def die(failure, model_id):
        dead.append(threading.current_thread())
        raise SystemExit

    monkeypatch.setattr(threading, "excepthook", lambda args: None)  # it dies on purpose
    catalog.loaders["digits-convnet"].errors = [RuntimeError("broken")]
    with monkeypatch.context() as patch:
        patch.setattr("core.engine.pool.log_failure", die)
        left_alone = engine.submit(PREDICT)
        until(lambda: dead)
        dead[0].join(LONG_S)
    assert not left_alone.is_done
    row = TableRow((("a", 0.5),))
    next_one = engine.submit(PredictRequest("iris-classifier", row))
    assert isinstance(next_one.result(LONG_S), Answer)
    assert isinstance(left_alone.result(LONG_S), Answer)


def test_a_failed_model_says_why(engine: InProcessEngine, catalog: FakeCatalog):
    catalog.loaders["digits-convnet"].errors = [ModelFileError("model-file-missing", model_id="m", file="x")]
    with pytest.raises(ModelFileError):
        engine.load("digits-convnet")
    status = model_status(engine, "digits-convnet")
    assert status.state == "failed"
    assert status.problem is not None
    assert status.problem.key == "errors.model-file-missing.what"


def test_a_loader_that_raises_anything_else_gives_a_reference_and_not_its_text(
    engine: InProcessEngine, catalog: FakeCatalog, caplog: pytest.LogCaptureFixture
):
    catalog.loaders["digits-convnet"].errors = [RuntimeError("/home/secret/path")]
    with pytest.raises(JobFailedError) as failed:
        engine.run(PREDICT)
    assert failed.value.key == "model-load-failed"
    assert "secret" not in f"{failed.value!r} {caplog.text}"
    assert str(failed.value.values["reference"]) in caplog.text


def test_loading_shows_its_progress_in_the_stream_and_in_the_status(catalog: FakeCatalog):
    half_way = Gate(is_open=False)

    class SlowFiles(FakeFiles):
        def __init__(self, report) -> None:
            self.report = report

        def read(self, name: str) -> bytes:
            self.report(50, 100)
            half_way.stop_here()
            self.report(100, 100)
            return b""

    catalog.loaders["digits-diffusion"].reads = ("weights",)
    engine = InProcessEngine(
        workers=1,
        queue_size=2,
        catalog=catalog,
        get_files=lambda spec, report: SlowFiles(report),
        place=lambda spec: ON_CPU,
    )
    stream = engine.stream(GENERATE)
    assert next(stream) == LoadProgress("digits-diffusion", 50, 100)
    half_way.wait_for_arrivals()
    assert model_status(engine, "digits-diffusion").progress == LoadProgress("digits-diffusion", 50, 100)
    half_way.open()
    assert isinstance(list(stream)[-1], Answer)
    assert model_status(engine, "digits-diffusion").progress is None
    assert model_status(engine, "digits-diffusion").size_bytes == 100
    engine.close()


def test_preloading_goes_small_ones_first_and_a_visitor_goes_ahead(
    engine: InProcessEngine, catalog: FakeCatalog
):
    order: list[str] = []
    for model_id, loader in catalog.loaders.items():
        build = loader.build
        loader.build = lambda spec, placement, build=build: (
            order.append(spec.model_id) or build(spec, placement)
        )
        assert model_id
    first = catalog.loaders["iris-classifier"].gate = Gate(is_open=False)
    assert not engine.are_all_ready()
    engine.preload()
    first.wait_for_arrivals()  # the smallest is being loaded
    ticket = engine.submit(GENERATE)  # the largest, but a visitor waits for it
    until(lambda: engine._pool._urgent)
    first.open()
    ticket.result(LONG_S)
    engine.load("digits-convnet")
    assert order == ["iris-classifier", "digits-diffusion", "iris-generator", "digits-convnet"]
    assert engine.are_all_ready()
    assert engine.is_ready("iris-generator")


# A bounded queue.


def fill(narrow: InProcessEngine, catalog: FakeCatalog):
    """One request computed, two waiting: full."""
    catalog.predictor.gate = Gate(is_open=False)
    narrow.load("digits-convnet")
    running = narrow.submit(PREDICT)
    catalog.predictor.gate.wait_for_arrivals()
    return running, narrow.submit(PREDICT), narrow.submit(PREDICT)


def test_a_full_queue_answers_at_once_and_says_when_to_come_back(
    narrow: InProcessEngine, catalog: FakeCatalog
):
    tickets = fill(narrow, catalog)
    with pytest.raises(EngineBusyError) as busy:
        narrow.submit(PREDICT)
    assert busy.value.retry_after_s >= 1
    assert busy.value.values["retry_after_s"] == busy.value.retry_after_s
    catalog.predictor.gate.open()
    assert all(isinstance(ticket.result(LONG_S), Answer) for ticket in tickets)
    assert isinstance(narrow.run(PREDICT), Answer)


def test_the_time_to_come_back_follows_from_how_long_recent_requests_took(
    narrow: InProcessEngine, catalog: FakeCatalog
):
    tickets = fill(narrow, catalog)
    narrow._service_s["digits-convnet", "predict"] = 30.0
    with pytest.raises(EngineBusyError) as slow:
        narrow.submit(PREDICT)
    narrow._service_s["digits-convnet", "predict"] = 0.001
    with pytest.raises(EngineBusyError) as fast:
        narrow.submit(PREDICT)
    assert slow.value.retry_after_s == 30  # half of two that wait, on one worker
    assert fast.value.retry_after_s == 1
    assert len(tickets) == 3


def test_every_ticket_knows_its_place(narrow: InProcessEngine, catalog: FakeCatalog):
    running, next_one, last = fill(narrow, catalog)
    assert [running.place, next_one.place, last.place] == [0, 1, 2]
    assert running.expected_wait_s == 0
    assert 0 < next_one.expected_wait_s < last.expected_wait_s
    status = narrow.status()
    assert (status.running, status.queue_length, status.queue_capacity, status.workers) == (1, 2, 2, 1)
    next_one.cancel()
    assert last.place == 1


def test_requests_are_answered_in_the_order_in_which_they_came(narrow: InProcessEngine, catalog: FakeCatalog):
    first, second, third = fill(narrow, catalog)
    catalog.predictor.gate.let_through(2)
    second.result(LONG_S)
    assert first.is_done
    assert not third.is_done


# Cancelling and leaving.


def test_a_cancelled_waiting_request_leaves_the_queue_at_once(narrow: InProcessEngine, catalog: FakeCatalog):
    _, second, third = fill(narrow, catalog)
    second.cancel()
    assert narrow.status().queue_length == 1
    with pytest.raises(CancelledError):
        second.result()
    replacement = narrow.submit(PREDICT)  # its place is free
    catalog.predictor.gate.open()
    third.result(LONG_S)
    replacement.result(LONG_S)
    assert len(catalog.predictor.batch_sizes) == 3


def test_cancelling_frees_the_slot_at_the_next_step(narrow: InProcessEngine, catalog: FakeCatalog):
    gate = catalog.generator.gate = Gate(is_open=False)
    ticket = narrow.submit(LONG)
    gate.wait_for_arrivals()
    behind = narrow.submit(PREDICT)
    ticket.cancel()
    with pytest.raises(CancelledError):
        ticket.result()  # the visitor does not wait for the step
    gate.let_through()
    assert isinstance(behind.result(LONG_S), Answer)
    assert catalog.generator.steps_computed == 1
    assert catalog.generator.times_closed == 1
    assert model_status(narrow, "digits-diffusion").leases == 0
    assert model_status(narrow, "digits-diffusion").runs == 0


def test_closing_a_stream_frees_the_slot(narrow: InProcessEngine, catalog: FakeCatalog):
    stream = narrow.stream(LONG)
    assert isinstance(next(stream), DenoisingStep)
    stream.close()
    assert isinstance(narrow.run(PREDICT), Answer)
    assert narrow.status().running == 0
    assert catalog.generator.times_closed == 1


def test_a_visitor_who_drops_the_ticket_has_left(narrow: InProcessEngine, catalog: FakeCatalog):
    gate = catalog.generator.gate = Gate(is_open=False)
    ticket = narrow.submit(LONG)
    gate.wait_for_arrivals()
    del ticket
    gc.collect()
    gate.let_through()
    assert isinstance(narrow.run(PREDICT), Answer)
    assert catalog.generator.steps_computed == 1


def test_a_stream_that_nobody_ever_read_is_given_up_when_it_is_dropped(
    narrow: InProcessEngine, catalog: FakeCatalog
):
    stream = narrow.stream(LONG)
    del stream
    gc.collect()
    assert isinstance(narrow.run(PREDICT), Answer)
    assert narrow.status().queue_length == 0


def test_a_ticket_dropped_while_the_engine_is_locked_is_still_noticed(
    narrow: InProcessEngine, catalog: FakeCatalog
):
    _, second, third = fill(narrow, catalog)
    with narrow._lock:  # the garbage collector may run anywhere, even here
        del second
        gc.collect()
    assert narrow.status().queue_length == 1
    catalog.predictor.gate.open()
    third.result(LONG_S)
    assert len(catalog.predictor.batch_sizes) == 2


def test_a_request_that_waits_for_a_model_can_be_cancelled(engine: InProcessEngine, catalog: FakeCatalog):
    gate = catalog.loaders["digits-convnet"].gate = Gate(is_open=False)
    leaving, staying = engine.submit(PREDICT), engine.submit(PREDICT)
    gate.wait_for_arrivals()
    leaving.cancel()
    gate.open()
    assert isinstance(staying.result(LONG_S), Answer)
    assert catalog.predictor.batch_sizes == [1]


def test_cancelling_an_answered_request_changes_nothing(engine: InProcessEngine):
    ticket = engine.submit(PREDICT)
    ticket.result(LONG_S)
    ticket.cancel()
    assert isinstance(ticket.result(), Answer)


# Slow readers.


def test_a_reader_who_does_not_read_holds_no_worker(narrow: InProcessEngine, catalog: FakeCatalog):
    stream = narrow.stream(LONG)
    next(stream)
    assert isinstance(
        narrow.run(PREDICT), Answer
    )  # the only worker is free although the stream is not at its end
    computed = catalog.generator.steps_computed
    assert computed <= 1 + STEPS_AHEAD
    stream.close()


def test_a_slow_reader_still_gets_every_step(narrow: InProcessEngine):
    request = GenerateRequest("digits-diffusion", num_inference_steps=100)
    steps: list[int] = []
    for event in narrow.stream(request):
        narrow.run(PREDICT)  # others are answered between any two steps
        if isinstance(event, DenoisingStep):
            steps.append(event.step)
    assert steps == list(range(101))


def test_asking_for_the_result_alone_throws_the_steps_away(narrow: InProcessEngine, catalog: FakeCatalog):
    request = GenerateRequest("digits-diffusion", num_inference_steps=100)
    ticket = narrow.submit(request)
    narrow.run(PREDICT)  # by now the generation was set aside, full of steps that nobody took
    assert catalog.generator.steps_computed == STEPS_AHEAD
    assert isinstance(ticket.result(LONG_S), Answer)


def test_an_abandoned_reader_makes_room_when_the_queue_is_full(
    narrow: InProcessEngine, catalog: FakeCatalog, monkeypatch: pytest.MonkeyPatch
):
    streams = [narrow.stream(LONG) for _ in range(2)]
    for stream in streams:
        next(stream)
    until(lambda: narrow.status().queue_length == 2)  # both are set aside
    with pytest.raises(EngineBusyError):
        narrow.submit(PREDICT)
    monkeypatch.setattr("core.engine.in_process.ABANDONED_AFTER_S", -1.0)
    assert isinstance(narrow.run(PREDICT), Answer)
    monkeypatch.undo()
    with pytest.raises(CancelledError):
        list(streams[0])
    assert catalog.generator.times_closed == 2


# Failing.


def test_a_job_that_raises_fails_alone_and_its_text_goes_nowhere(
    engine: InProcessEngine, catalog: FakeCatalog, caplog: pytest.LogCaptureFixture
):
    catalog.predictor.error = ValueError("could not read 'my secret diary'")
    with caplog.at_level(logging.DEBUG), pytest.raises(JobFailedError) as failed:
        engine.run(PREDICT)
    assert failed.value.key == "job-failed"
    reference = str(failed.value.values["reference"])
    assert reference in caplog.text
    assert "ValueError" in caplog.text
    assert "fakes.py" in caplog.text
    assert "diary" not in caplog.text
    assert "diary" not in repr(failed.value) + str(failed.value.__cause__) + str(failed.value.__context__)
    catalog.predictor.error = None
    assert isinstance(engine.run(PREDICT), Answer)
    assert model_status(engine, "digits-convnet").leases == 0


def test_even_a_model_that_ends_its_thread_fails_alone(narrow: InProcessEngine, catalog: FakeCatalog):
    catalog.predictor.error = SystemExit("I leave")
    with pytest.raises(JobFailedError):
        narrow.run(PREDICT)
    catalog.predictor.error = None
    assert isinstance(narrow.run(PREDICT), Answer)


def test_a_generator_that_fails_half_way_shows_its_steps_and_then_the_error(
    engine: InProcessEngine, catalog: FakeCatalog
):
    catalog.generator.error_at_step = (3, RuntimeError("half way"))
    stream = engine.stream(GENERATE)
    steps: list[object] = []
    with pytest.raises(JobFailedError):
        steps.extend(stream)  # keeps what came before the error
    assert [step.step for step in steps if isinstance(step, DenoisingStep)] == [0, 1, 2]


def test_a_generator_that_ends_without_a_result_is_a_failure_and_not_a_hang(
    engine: InProcessEngine, catalog: FakeCatalog, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(catalog.generator, "generate", lambda request: iter(()))
    with pytest.raises(JobFailedError):
        engine.run(GENERATE)


# Memory.


def test_a_model_in_use_is_not_unloaded(engine: InProcessEngine, catalog: FakeCatalog):
    gate = catalog.generator.gate = Gate(is_open=False)
    ticket = engine.submit(GENERATE)
    gate.wait_for_arrivals()
    with pytest.raises(EngineError) as refused:
        engine.unload("digits-diffusion")
    assert refused.value.key == "model-in-use"
    assert model_status(engine, "digits-diffusion").leases == 1
    gate.open()
    ticket.result(LONG_S)
    engine.unload("digits-diffusion")
    assert model_status(engine, "digits-diffusion").state == "unloaded"
    assert model_status(engine, "digits-diffusion").placement is None
    engine.run(GENERATE)
    assert model_status(engine, "digits-diffusion").loads == 2


def test_a_model_that_is_being_loaded_is_not_unloaded(engine: InProcessEngine, catalog: FakeCatalog):
    gate = catalog.loaders["digits-convnet"].gate = Gate(is_open=False)
    engine.preload(["digits-convnet"])
    gate.wait_for_arrivals()
    with pytest.raises(EngineError):
        engine.unload("digits-convnet")
    gate.open()
    engine.load("digits-convnet")


def test_an_unloaded_model_is_really_gone(catalog: FakeCatalog):
    import weakref

    from tests.fakes import FakePredictor

    catalog.loaders["digits-convnet"].build = lambda spec, placement: (
        made.append(p := FakePredictor(spec)) or p
    )
    made: list[FakePredictor] = []
    engine = build_engine(catalog)
    engine.run(PREDICT)
    alive = weakref.ref(made.pop())
    engine.run(PredictRequest("iris-classifier", TableRow((("a", 1.0),))))
    until(lambda: not engine.status().running)
    engine.unload("digits-convnet")
    gc.collect()
    assert alive() is None
    engine.close()


# Closing.


def test_closing_tells_those_who_wait_and_ends_all_threads(narrow: InProcessEngine, catalog: FakeCatalog):
    before = threading.active_count()
    running, waiting, _ = fill(narrow, catalog)
    assert threading.active_count() > before
    closing = in_thread(narrow.close)
    with pytest.raises(EngineError) as told:
        waiting.result(LONG_S)
    assert told.value.key == "engine-closed"
    catalog.predictor.gate.open()
    assert isinstance(running.result(LONG_S), Answer)  # what is being computed is still answered
    closing.join(LONG_S)
    assert not closing.is_alive()
    assert not [thread for thread in (*narrow._threads, narrow._pool._thread) if thread and thread.is_alive()]
    with pytest.raises(EngineError):
        narrow.submit(PREDICT)
    narrow.close()


def test_closing_a_second_time_waits_for_nobody(
    narrow: InProcessEngine, catalog: FakeCatalog, monkeypatch: pytest.MonkeyPatch
):
    running, *_ = fill(narrow, catalog)
    narrow.close(timeout_s=0.0)  # its worker is still computing
    waited_for: list[threading.Thread] = []
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "join", lambda thread, timeout=None: waited_for.append(thread))
        narrow.close()
    assert waited_for == []
    catalog.predictor.gate.open()
    assert isinstance(running.result(LONG_S), Answer)


def test_closing_ends_a_stream_that_was_set_aside(narrow: InProcessEngine, catalog: FakeCatalog):
    stream = narrow.stream(LONG)
    next(stream)
    until(lambda: not narrow.status().running)
    narrow.close()
    with pytest.raises(EngineError):
        list(stream)
    assert catalog.generator.times_closed == 1
    assert not any(thread.is_alive() for thread in narrow._threads)


def test_a_late_answer_is_said_and_can_be_waited_for_again(narrow: InProcessEngine, catalog: FakeCatalog):
    running, *_ = fill(narrow, catalog)
    with pytest.raises(EngineError) as late:
        running.result(timeout_s=0.0)
    assert late.value.key == "answer-late"
    catalog.predictor.gate.open()
    assert isinstance(running.result(LONG_S), Answer)


# Nothing grows.


def test_two_hundred_rounds_of_everything_leave_nothing_behind(engine: InProcessEngine, catalog: FakeCatalog):
    def one_round() -> None:
        engine.run(PREDICT)
        engine.run(EXPLAIN)
        list(engine.stream(GENERATE))
        stream = engine.stream(LONG)
        next(stream)
        stream.close()
        engine.submit(LONG).cancel()
        catalog.predictor.error = ValueError()
        with pytest.raises(JobFailedError):
            engine.run(PREDICT)
        catalog.predictor.error = None

    one_round()
    threads = threading.active_count()
    for _ in range(200):
        one_round()
    until(lambda: not engine.status().running)
    assert threading.active_count() == threads
    assert not engine._unfinished
    assert not engine._queue
    assert not engine._waiting_for_model
    assert len(engine._service_s) == 3
    assert model_status(engine, "digits-diffusion").leases == 0
