"""What is running? The models, where each one is and why, what waits, and what the process needs.

Owns how the engine's status is told to a lay person, and the buttons that load and unload. Knows nothing about how
the engine works: it reads ``EngineStatus`` every two seconds while the page is open, and never waits for a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.components import page
from app.components.html import escape, to_html, word, write
from app.components.page import Header
from app.components.quiz import ask_quiz
from core import registry
from core.engine import EngineStatus, ModelStatus, get_engine
from core.errors import EngineError, ModelFileError
from core.hub import read_lock
from core.specs import Message, ModelSpec
from core.wording import Sentence, explain_error, get_words, say

_KEY = "what-is-running"
_EVERY_S = 2.0
_HAPPENED = "_machine_happened"
_PROBLEM = "_machine_problem"
_CARD = "_machine_card"


def show() -> None:
    """Show the page. What changes by itself is looked at again every two seconds, while the page is open."""
    with st.container(key="machine-page"):
        # A place of its own: when a look falls into a run of the whole page, Streamlit takes away what it drew and
        # whatever follows in the same place moves up and is drawn over. The foot was gone.
        with st.container(key="machine-now"):
            _show_now()
        _show_foot()
    if model_id := st.session_state.pop(_CARD, None):
        _open_card(registry.get_model(model_id))


@st.fragment(run_every=_EVERY_S)
def _show_now() -> None:
    """Show what is so now. No drawer is opened in here: the next look, two seconds later, would take it away."""
    status = get_engine().status()
    header = Header(get_words(f"{_KEY}.question"))
    header.answer(*compose_answer(status))
    with st.container(key="exhibit"), st.container(key="machine"):
        heads = "".join(f"<span>{escape(text)}</span>" for text in get_words(f"{_KEY}.heads").values())
        write(f'<div class="v-model v-model-heads" aria-hidden="true">{heads}</div>')
        for model in status.models:
            _show_model(model)
    _show_machine(status)


def _show_foot() -> None:
    page.foot(
        say(st.session_state.get(_HAPPENED, Message(f"{_KEY}.happened.new"))),
        {
            "look-deeper": lambda: page.sections(f"{_KEY}.deeper"),
            "check-yourself": lambda: ask_quiz(f"{_KEY}.quiz"),
            "presenter-notes": lambda: page.sections(f"{_KEY}.notes"),
        },
    )


def compose_answer(status: EngineStatus) -> list[Sentence]:
    """Say in one or two sentences what is in memory, where, how much of it, and who waits."""
    ready = [model for model in status.models if model.state == "ready"]
    waits = status.queue_length
    waiting = str(say(f"{_KEY}.waiting.some", count=waits) if waits else say(f"{_KEY}.waiting.none"))
    if ready:
        size = say_size(sum(model.size_bytes or 0 for model in ready))
        where = str(say(f"{_KEY}.where.{_place(ready)}"))
        sentences = [say(f"{_KEY}.answer.some", count=len(ready), where=where, size=size, waiting=waiting)]
    else:
        sentences = [say(f"{_KEY}.answer.none", waiting=waiting)]
    for state in ("loading", "failed"):
        count = sum(model.state == state for model in status.models)
        if count:
            sentences.append(say(f"{_KEY}.answer.{state}", count=count))
    return sentences


def say_size(num_bytes: int) -> str:
    """Say an amount of memory as people do: ``58 kB``, ``1.2 MB``, ``640 MB``."""
    value, unit = float(num_bytes), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    digits = 1 if value < 9.95 and unit not in {"bytes", "kB"} else 0
    return f"{value:.{digits}f}\u00a0{unit}"


def _place(ready: list[ModelStatus]) -> str:
    on_processor = {model.placement is None or model.placement.device == "cpu" for model in ready}
    return "both" if len(on_processor) == 2 else "processor" if True in on_processor else "card"


def _name(model_id: str) -> str:
    return str(get_words(f"{_KEY}.names").get(model_id, model_id))


# One model: what it does, whether it is in memory, where and why, how large, and what one can do with it.


def _show_model(model: ModelStatus) -> None:
    spec, name = registry.get_model(model.model_id), _name(model.model_id)
    words = get_words(_KEY)
    with st.container(horizontal=True, key=f"model-{model.model_id}", vertical_alignment="center"):
        write(
            f'<div class="v-model"><div>{_what_html(spec, name)}</div><div>{_state_html(model)}</div>'
            f"<div>{_why_html(model)}</div><div>{_numbers_html(model, spec)}</div></div>"
        )
        with st.container(width=144, key=f"deeds-{model.model_id}"):
            # The name is for those who hear the page: four buttons called "Unload" would tell them nothing.
            deed = "load" if model.state in {"unloaded", "failed"} else "unload"
            st.button(
                f"{words[deed]} *{name}*", key=f"{deed}-{model.model_id}", width="stretch",
                disabled=model.state == "loading", on_click=_act, args=(model.model_id, deed),
            )  # fmt: skip
            st.button(
                f"{words['card']} *{name}*", key=f"card-{model.model_id}", type="tertiary", icon=":material/description:",
                on_click=_ask_for_card, args=(model.model_id,),
            )  # fmt: skip


def _what_html(spec: ModelSpec, name: str) -> str:
    verb = word(f"{_KEY}.tasks.{'predicts' if spec.can_predict else 'generates'}")
    summary = escape(str(spec.card.get("summary", "")))
    return (
        f'<h2 class="v-model-name">{escape(name)} {verb} <span class="v-id">{escape(spec.model_id)}</span></h2>'
        f'<p class="v-caption">{summary}</p>'
    )


def _state_html(model: ModelStatus) -> str:
    if model.state == "loading":
        done = model.progress.done_bytes / max(1, model.progress.total_bytes) if model.progress else 0.0
        percent = int(done * 100)
        text = (
            say(f"{_KEY}.states.loading", percent=percent) if model.progress else say(f"{_KEY}.states.waits")
        )
        return (
            f"<b>{to_html(text)}</b>"
            f'<i class="v-progress" role="progressbar" aria-label="{escape(str(text))}" aria-valuenow="{percent}">'
            f'<u style="width:{percent}%"></u></i>'
        )
    if model.leases:
        return f"<b>{word(f'{_KEY}.states.in-use', count=model.leases)}</b>"
    return (
        f"<b>{word(f'{_KEY}.states.{model.state}')}</b>"
        if model.state == "ready"
        else word(f"{_KEY}.states.{model.state}")
    )


def _why_html(model: ModelStatus) -> str:
    problem = st.session_state.get(_PROBLEM)
    if problem and problem[0] == model.model_id:
        return f'<p class="v-refused" role="alert">{escape(problem[1])}</p>'
    if model.problem:
        return word(model.problem)
    if model.state == "loading":
        return word(f"{_KEY}.{'reading' if model.progress else 'next'}")
    return word(model.placement.reason) if model.placement else word(f"{_KEY}.not-placed")


def _numbers_html(model: ModelStatus, spec: ModelSpec) -> str:
    if model.size_bytes is None:
        size = word(f"{_KEY}.size-of-files", size=say_size(spec.size_bytes))
    else:
        size = word(f"{_KEY}.size-in-memory", size=say_size(model.size_bytes))
    lines = (size, word(f"{_KEY}.runs", count=model.runs), word(f"{_KEY}.license", license=spec.license))
    return "".join(f"<p>{line}</p>" for line in lines)


def _act(model_id: str, deed: str) -> None:
    """Load in the background or unload: nobody waits here for a model."""
    st.session_state.pop(_PROBLEM, None)
    engine = get_engine()
    try:
        if deed == "load":
            engine.preload([model_id])
        else:
            engine.unload(model_id)
    except EngineError as error:
        # Kept until the next press: a sentence that is gone after two seconds is read by nobody.
        st.session_state[_PROBLEM] = (model_id, str(explain_error(error)))
        deed = "refused"
    st.session_state[_HAPPENED] = Message(f"{_KEY}.happened.{deed}", {"name": _name(model_id)})
    _run_whole_page()


def _ask_for_card(model_id: str) -> None:
    st.session_state[_CARD] = model_id
    _run_whole_page()


def _run_whole_page() -> None:
    """Run all of the page after this press, not only the part that looks again by itself."""
    st.rerun()


# The process as a whole, and what just happened.


def _show_machine(status: EngineStatus) -> None:
    words = get_words(f"{_KEY}.strip")
    facts = {
        words["memory"]: say_size(status.rss_bytes),
        words["running"]: str(
            say(f"{_KEY}.strip.running-value", running=status.running, workers=status.workers)
        ),
        words["queue"]: str(
            say(f"{_KEY}.strip.queue-value", waiting=status.queue_length, capacity=status.queue_capacity)
        ),
    }
    cells = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items()
    )
    with st.container(key="strip"):
        write(f'<dl class="v-facts">{cells}</dl>')


# The card of a model: everything that it says about itself.


def _open_card(spec: ModelSpec) -> None:
    @st.dialog(_name(spec.model_id), position="right", width="small")
    def drawer() -> None:
        _fill_card(spec)

    drawer()


def _fill_card(spec: ModelSpec) -> None:
    card = spec.card
    parts: list[tuple[str, str]] = []
    if summary := card.get("summary"):
        parts.append(("what", escape(str(summary))))
    if data := card.get("data"):
        parts.append(("data", _data_html(data)))
    if metrics := card.get("metrics"):
        parts.append(("metrics", "".join(f"<p>{_metric_html(metric)}</p>" for metric in metrics)))
    if limits := card.get("limits"):
        parts.append(("limits", "".join(f"<p>{escape(str(limit))}</p>" for limit in limits)))
    if recipe := card.get("recipe"):
        packages = ", ".join(f"{name} {version}" for name, version in card.get("built_with", {}).items())
        parts.append(
            (
                "made",
                word(
                    f"{_KEY}.drawer.made-text",
                    recipe=recipe,
                    seed=card.get("seed"),
                    packages=packages,
                    params=spec.num_parameters,
                ),
            )
        )
    parts.append(("license", escape(spec.license)))
    parts.append(("files", _files_html(spec.model_id)))
    words = get_words(f"{_KEY}.drawer")
    sections = "".join(f'<h3 class="v-sub">{escape(words[key])}</h3><div>{html}</div>' for key, html in parts)
    write(f'<div class="v-card">{sections}</div>')


def _data_html(data: Mapping[str, Any]) -> str:
    text = word(
        f"{_KEY}.drawer.data-text",
        name=data["name"],
        rows=data["rows_used"],
        license=data["license"],
        split=data["split"][:1].upper() + data["split"][1:],
    )
    return f"<p>{text}</p><p>{escape(str(data['source']))}</p>"


def _metric_html(metric: Mapping[str, Any]) -> str:
    values = {"name": str(metric["name"]).replace("_", " "), "n": metric["n"], "split": metric["split"]}
    numbers = {key: f"{metric[key]:.3g}" for key in ("value", "low", "high") if metric.get(key) is not None}
    key = "metric" if len(numbers) == 3 else "metric-bare"
    return f"{word(f'{_KEY}.drawer.{key}', **values, **numbers)} {escape(str(metric.get('note', '')))}"


def _files_html(model_id: str) -> str:
    try:
        files = read_lock().get(model_id, {})
    except ModelFileError as error:
        return f"<p>{escape(str(explain_error(error)))}</p>"
    lines = "".join(
        f"<li><b>{escape(name)}</b> <code>{escape(sha256)}</code></li>" for name, sha256 in files.items()
    )
    # A summary takes the focus, so that the drawer can be scrolled by keyboard.
    words = get_words(f"{_KEY}.drawer")
    return (
        f"<p>{escape(words['files-text'])}</p>"
        f"<details><summary>{escape(words['files-show'])}</summary><ul>{lines}</ul></details>"
    )
