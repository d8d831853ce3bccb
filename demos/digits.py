"""The digits demo: left a picture in and a name out, right a name in and a picture out.

Owns its layout, its two API endpoints and how a visitor's picture reaches the predictor. Holds no model: the
engine computes, ``core.data.pictures`` decodes (nothing is decoded before it). Nothing of a visitor's is
stored here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from core.engine import get_engine
from core.errors import InputError, VitrineError
from core.registry import get_dataset, resolve
from core.requests import GenerateRequest, Picture, PredictRequest
from core.results import Answer, Classification, DenoisingStep, GeneratedPictures, LoadProgress
from core.results_json import view_answer
from core.wording import ErrorWords, explain_error, get_words, say

from demos import look

PREDICTOR, GENERATOR = "digits-convnet", "digits-diffusion"
LABELS = tuple(str(digit) for digit in range(10))
FIRST_DIGIT, FIRST_SEED = "7", 0
MAX_SEED = 1_000_000
NUM_FRAMES = 6
MAX_STROKES, MAX_POINTS = 60, 6000
UPLOADS = [".png", ".jpg", ".jpeg", ".webp"]

_PAD_HTML = """<div class="v-pad"><canvas width="448" height="448" role="img" tabindex="0"></canvas>
<p hidden><button type="button" class="undo">${undo}</button>
<button type="button" class="clear">${clear}</button></p></div>"""

_PAD_JS = """
const pad = { strokes: [], sent: 0, drawing: false, shown: null };
const find = (name) => element.querySelector(name);
const draw = () => {
  const canvas = find("canvas"), pen = canvas.getContext("2d");
  pen.clearRect(0, 0, 448, 448);
  if (pad.shown) {
    pen.imageSmoothingEnabled = false;
    pen.filter = document.body.classList.contains("dark") ? "invert(1)" : "none";
    pen.drawImage(pad.shown, 0, 0, 448, 448);
    pen.filter = "none";
  }
  pen.strokeStyle = getComputedStyle(canvas).color; pen.lineWidth = 36; pen.lineCap = pen.lineJoin = "round";
  for (const stroke of pad.strokes) {
    pen.beginPath();
    stroke.forEach(([x, y], at) => at ? pen.lineTo(x * 448, y * 448) : pen.moveTo(x * 448, y * 448));
    if (stroke.length === 1) pen.lineTo(stroke[0][0] * 448 + 0.1, stroke[0][1] * 448);
    pen.stroke();
  }
  canvas.setAttribute("aria-label", props.pad.replace("{count}", pad.strokes.length));
  find("p").hidden = pad.strokes.length === 0;
};
const send = () => { pad.sent = Date.now(); trigger("input", { strokes: pad.strokes }); };
const at = (event) => {
  const box = find("canvas").getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
    .map((part) => Math.round(Math.min(1, Math.max(0, part)) * 1000) / 1000);
};
const undo = () => { pad.strokes.pop(); draw(); send(); };
element.addEventListener("pointerdown", (event) => {
  if (event.button || event.target.tagName !== "CANVAS") return;
  event.target.setPointerCapture(event.pointerId);
  pad.shown = null; pad.drawing = true; pad.strokes.push([at(event)]); draw();
});
element.addEventListener("pointermove", (event) => {
  if (!pad.drawing) return;
  for (const point of event.getCoalescedEvents?.() ?? [event]) pad.strokes.at(-1).push(at(point));
  draw();
  if (Date.now() - pad.sent > 250) send();
});
const end = () => { if (pad.drawing) { pad.drawing = false; send(); } };
element.addEventListener("pointerup", end);
element.addEventListener("pointercancel", end);
element.addEventListener("click", (event) => {
  if (event.target.closest(".undo")) undo();
  if (event.target.closest(".clear")) { pad.strokes = []; draw(); send(); find("canvas").focus(); }
});
element.addEventListener("keydown", (event) => {
  const isUndo = event.key === "Backspace" || (event.ctrlKey && event.key === "z");
  if (isUndo && event.target.tagName === "CANVAS") { undo(); event.preventDefault(); }
});
watch("value", () => {
  if (!props.value) { draw(); return; }
  const picture = new Image();
  picture.onload = () => { pad.strokes = []; pad.shown = picture; draw(); };
  picture.src = props.value;
});
draw();
"""

_PICK_JS = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  trigger("select", { index: Number(button.dataset.index) });
});
"""


def _html(value: str, **options: Any) -> gr.HTML:
    return gr.HTML(value, apply_default_css=False, **options)


def build_demo() -> gr.Blocks:
    """Return the demo, new each time."""
    words = get_words("demos.digits")
    with gr.Blocks(
        title=words["title"], analytics_enabled=False, delete_cache=(600, 3600), fill_width=True
    ) as demo:
        made = gr.State(None, time_to_live=3600)
        _html(_head_html(words))
        with gr.Row(elem_id="v-answers"):
            said_read = _html(_answer_html(words["answer-empty"]), elem_id="v-said-read")
            said_made = _html(_answer_html(""), elem_id="v-said-made")
        with gr.Row(elem_id="v-panels"):
            with gr.Column(elem_id="v-panel-predict", elem_classes="v-panel"):
                _html(_verb_html(words["predict"], words["predict-says"]))
                with gr.Row(elem_classes="v-beside"):
                    pad = _html(
                        "",
                        html_template=_PAD_HTML,
                        js_on_load=_PAD_JS,
                        elem_id="v-pad",
                        min_width=228,
                        scale=0,
                        undo=words["undo"],
                        clear=words["clear"],
                        pad=words["pad"],
                    )
                    reading = _html(_reading_html(None, None), elem_id="v-reading", min_width=200, scale=1)
                picker = _html(_picker_html(), js_on_load=_PICK_JS, elem_id="v-picker")
                upload = gr.UploadButton(
                    words["upload"], file_types=UPLOADS, type="filepath", elem_id="v-upload", size="lg"
                )
            with gr.Column(elem_id="v-panel-generate", elem_classes="v-panel"):
                _html(_verb_html(words["generate"], words["generate-says"]))
                with gr.Row(elem_classes="v-beside"):
                    film = _html(_film_html([], FIRST_DIGIT), elem_id="v-film", min_width=200, scale=1)
                    picture = _html(_made_html(None, FIRST_DIGIT), elem_id="v-made", min_width=228, scale=0)
                digit = gr.Radio(LABELS, value=FIRST_DIGIT, label=words["which"], elem_id="v-digit")
                with gr.Row(elem_classes="v-row"):
                    seed = gr.Number(
                        FIRST_SEED, label=words["seed"], minimum=0, maximum=MAX_SEED, precision=0,
                        elem_id="v-seed", min_width=110, scale=1,
                    )  # fmt: skip
                    make = gr.Button(words["make"], elem_id="v-make", min_width=120, scale=1)
                    ask = gr.Button(words["ask"], elem_id="v-ask", min_width=190, scale=2, interactive=False)
        _html(_foot_html(words))

        read = {"outputs": [said_read, reading], "show_progress": "hidden", "api_visibility": "private"}
        read_and_show = {**read, "outputs": [said_read, reading, pad]}
        pad.input(read_drawing, [], trigger_mode="always_last", **read)
        picker.select(read_example, [], **read_and_show)
        upload.upload(read_upload, [upload], **read_and_show)
        ask.click(read_made, [made], **read_and_show)
        make.click(
            make_digit,
            [digit, seed],
            [said_made, film, picture, made, ask],
            show_progress="hidden",
            api_visibility="private",
        )
        _add_endpoints(words["api"])
    demo.queue(max_size=64, default_concurrency_limit=16)
    return demo


def _add_endpoints(words: Mapping[str, str]) -> None:
    """Add what programs call: the same two questions, with files and numbers instead of HTML."""
    with gr.Group(visible=False):
        file, labels = gr.File(label="picture", type="filepath"), gr.JSON(label="labels")
        digit, seed = gr.Textbox(label="digit"), gr.Number(FIRST_SEED, label="seed", precision=0)
        image, button = gr.Image(label="picture", type="filepath", format="png"), gr.Button()
        button.click(
            predict_digit, [file], [labels], api_name="predict_digit", api_description=words["predict"]
        )
        button.click(
            generate_digit,
            [digit, seed],
            [image],
            api_name="generate_digit",
            api_description=words["generate"],
        )


def predict_digit(file: str | None) -> dict[str, Any]:
    """Read a picture file; return what ``vitrine predict --json`` returns."""
    try:
        answer, _ = _ask(_read_file(file))
    except VitrineError as error:
        raise gr.Error(str(explain_error(error)), print_exception=False) from error
    return view_answer(answer)


def generate_digit(digit: str, seed: float) -> Any:
    """Make one digit; return its picture, 8 by 8 pixels."""
    import io

    from PIL import Image

    try:
        answer = get_engine().run(_to_request(digit, seed))
    except VitrineError as error:
        raise gr.Error(str(explain_error(error)), print_exception=False) from error
    picture = _get_made(answer).picture
    return Image.open(io.BytesIO(look.to_png(picture)))  # our own bytes


def read_drawing(event: gr.EventData) -> tuple[str, str]:
    """Read the strokes that a browser sent."""
    from core.data.pictures import draw_strokes, to_digit

    strokes = _check_strokes(event._data.get("strokes") if isinstance(event._data, dict) else None)
    if not strokes:
        return _answer_html(get_words("demos.digits.answer-empty")), _reading_html(None, None)
    return _read_html(lambda: to_digit(draw_strokes(strokes)), "draw")[:2]


def read_example(event: gr.EventData) -> tuple[str, str, Any]:
    """Read one of the ten real digits."""
    index = event._data.get("index") if isinstance(event._data, dict) else None
    examples = _get_examples()
    if not isinstance(index, int) or not 0 <= index < len(examples):
        index = 0
    return _read_html(lambda: examples[index][1], "pick")


def read_upload(file: str | None) -> tuple[str, str, Any]:
    """Read a visitor's file; what cannot be read is said in words."""
    return _read_html(lambda: _read_file(file), "upload")


def read_made(made: Picture | None) -> tuple[str, str, Any]:
    """Let the predictor read what the generator made."""
    if made is None:
        return _answer_html(get_words("demos.digits.answer-empty")), _reading_html(None, None), gr.skip()
    return _read_html(lambda: made, "made")


def make_digit(digit: str, seed: float) -> Iterator[tuple[Any, ...]]:
    """Make one digit and show each step as it is computed."""
    frames: list[tuple[str, Picture]] = []
    words = get_words("demos.digits")
    ask_off, ask_on = gr.Button(interactive=False), gr.Button(interactive=True)
    try:
        for step in get_engine().stream(_to_request(digit, seed)):
            if isinstance(step, LoadProgress):
                percent = round(100 * step.done_bytes / max(1, step.total_bytes))
                yield (
                    _answer_html(words["loading"].format(percent=percent)),
                    gr.skip(),
                    gr.skip(),
                    None,
                    ask_off,
                )
            elif isinstance(step, DenoisingStep):
                picture = step.pictures[0]
                if step.step in _choose_frames(step.num_steps):
                    caption = words["noise"] if step.step == 0 else str(step.step)
                    frames.append((caption, picture))
                working = words["working"].format(step=step.step, num_steps=step.num_steps)
                yield (
                    _answer_html(working),
                    _film_html(frames, digit),
                    _made_html(picture, digit),
                    None,
                    ask_off,
                )
            else:
                item = _get_made(step)
                sentence = look.to_html(say("demos.digits.answer-made", label=item.label))
                yield (
                    _answer_html(sentence, is_html=True), _film_html(frames, digit),
                    _made_html(item.picture, digit), item.picture, ask_on,
                )  # fmt: skip
    except VitrineError as error:
        yield _problem_html(explain_error(error)), gr.skip(), gr.skip(), None, ask_off


def _to_request(digit: object, seed: object) -> GenerateRequest:
    number = int(seed) if isinstance(seed, int | float) and seed == seed and abs(seed) < 1e12 else -1
    if not 0 <= number <= MAX_SEED:
        raise InputError("seed-out-of-range", highest=MAX_SEED)
    return GenerateRequest(GENERATOR, label=str(digit)[:40], seed=number)


def _read_file(file: str | None) -> Picture:
    from core.data.pictures import decode_picture, to_digit

    return to_digit(decode_picture(Path(file).read_bytes() if file else b""))


def _ask(picture: Picture) -> tuple[Answer, Picture]:
    return get_engine().run(PredictRequest(PREDICTOR, picture)), picture


def _read_html(get_picture: Any, whose: str) -> tuple[str, str, Any]:
    """Return the answer, the bars and what the pad shows; what cannot be read leaves the pad as it is."""
    try:
        answer, picture = _ask(get_picture())
    except VitrineError as error:
        return _problem_html(explain_error(error)), _reading_html(None, None), gr.skip()
    result = _get_classification(answer)
    words = get_words("demos.digits.whose")
    sentence = say(
        "demos.digits.answer-read", whose=words[whose], label=result.best.label, prob=result.best.prob
    )
    html = _answer_html(look.to_html(sentence), is_html=True)
    # What is not drawn stands on the pad as the model sees it; a drawing stays as it is.
    return html, _reading_html(result, picture if whose == "draw" else None), look.to_data_uri(picture)


def _check_strokes(raw: object) -> tuple[tuple[tuple[float, float], ...], ...]:
    """Keep only well-formed points: what a browser sends is not to be trusted."""
    strokes: list[tuple[tuple[float, float], ...]] = []
    left = MAX_POINTS
    for line in raw[:MAX_STROKES] if isinstance(raw, list) else []:
        points = tuple(
            (float(point[0]), float(point[1]))
            for point in (line[:left] if isinstance(line, list) else [])
            if isinstance(point, list) and len(point) == 2 and all(map(_is_inside, point))
        )
        left -= len(points)
        if points:
            strokes.append(points)
    return tuple(strokes)


def _is_inside(part: object) -> bool:
    return isinstance(part, int | float) and 0 <= part <= 1


def _choose_frames(num_steps: int) -> Sequence[int]:
    """Return which steps the film shows: noise, the last, and evenly between."""
    return [round(index * num_steps / (NUM_FRAMES - 1)) for index in range(NUM_FRAMES)]


def draw_cover() -> str:
    """Return the picture of this demo for the index: what the predictor reads."""
    return "".join(
        look.picture_html(picture, alt="" if index else get_words("demos.digits.cover-alt"))
        for index, (_, picture) in enumerate(_get_examples())
    )


def _get_examples() -> list[tuple[str, Picture]]:
    """Return the first test digit of each kind: real, and no model here was trained on them."""
    digits = resolve(get_dataset("digits").entry_point)()
    first = {int(digits.y[row]): row for row in reversed(digits.split.test)}
    return [(digits.label_names[label], _to_picture(digits.X[first[label]])) for label in sorted(first)]


def _to_picture(pixels: Any) -> Picture:
    return Picture(tuple(tuple(float(ink) for ink in row) for row in pixels))


def _get_classification(answer: Answer) -> Classification:
    if not isinstance(answer.result, Classification):
        raise TypeError(type(answer.result).__name__)
    return answer.result


def _get_made(answer: Answer) -> Any:
    if not isinstance(answer.result, GeneratedPictures):
        raise TypeError(type(answer.result).__name__)
    return answer.result.pictures[0]


def _head_html(words: Mapping[str, Any]) -> str:
    index = get_words("demos.index")
    home, demos, question = escape(index["home"]), escape(index["title"]), escape(words["question"])
    return (
        f'<nav class="v-bar" aria-label="{home}"><a href="../../">{home}</a><a href="../">{demos}</a></nav>'
        f'<h1 class="v-question">{question}</h1>'
    )


def _answer_html(text: str, *, is_html: bool = False) -> str:
    return f'<p class="v-answer" role="status">{text if is_html else escape(text)}</p>'


def _problem_html(words: ErrorWords) -> str:
    rest = escape(f"{words.meaning} {words.advice}")
    return f'<p class="v-answer" role="status"><b>{escape(words.what)}</b> {rest}</p>'


def _verb_html(verb: str, says: str) -> str:
    return f'<div class="v-verb"><h2>{escape(verb)}</h2><span>{escape(says)}</span></div>'


def _reading_html(result: Classification | None, drawn: Picture | None) -> str:
    words = get_words("demos.digits")
    bars = look.bars_html(result, LABELS, name=words["bars"], most=4)
    if drawn is not None:
        seen = look.picture_html(drawn, alt=words["seen"])
        return f'{bars}<div class="v-seen">{seen}<span>{escape(words["seen"])}</span></div>'
    return bars if result else f'{bars}<p class="v-caption v-seen">{escape(words["draw-hint"])}</p>'


def _picker_html() -> str:
    words = get_words("demos.digits")
    buttons = "".join(
        f'<button type="button" data-index="{index}">'
        f"{look.picture_html(picture, alt=words['pick-alt'].format(label=label))}</button>"
        for index, (label, picture) in enumerate(_get_examples())
    )
    return f'<p class="v-caption">{escape(words["pick"])}</p><div class="v-thumbs">{buttons}</div>'


def _film_html(frames: Sequence[tuple[str, Picture]], label: str) -> str:
    if not frames:
        blank = '<figure><div class="blank"></div><figcaption>&nbsp;</figcaption></figure>'
        return f'<div class="v-film">{blank * NUM_FRAMES}</div>'
    return look.film_html(frames, alt=get_words("demos.digits.film-alt").replace("{label}", label))


def _made_html(picture: Picture | None, label: str) -> str:
    words = get_words("demos.digits")
    if picture is None:
        return f'<div class="v-frame made empty">{escape(words["made-empty"])}</div>'
    alt = words["made-alt"].format(label=label)
    return f'<div class="v-frame made">{look.picture_html(picture, alt=alt)}</div>'


def _foot_html(words: Mapping[str, Any]) -> str:
    train = len(resolve(get_dataset("digits").entry_point)().split.train)
    says = say("demos.digits.happened-says", train=train)
    return f'<p class="v-foot"><b>{escape(words["happened"])}</b>{escape(str(says))}</p>'
