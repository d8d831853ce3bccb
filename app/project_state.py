"""The project of this visitor, kept in their session and nowhere else.

Owns where it is kept and what happened to it last; every page of the same browser tab sees the same project. Knows
neither questions nor screens. Nothing of it is written into the address or onto the host's disk.
"""

from __future__ import annotations

from typing import cast

import streamlit as st

from core.lifecycle.project import Project
from core.specs import Message

_PROJECT = "_project"
_HAPPENED = "_project_happened"


def get_project() -> Project:
    """Return the visitor's project; an empty one without a name on the first visit."""
    return cast("Project", st.session_state.get(_PROJECT, Project("")))


def has_project() -> bool:
    """Whether this visitor named or answered anything yet."""
    return get_project() != Project("")


def keep(project: Project, *happened: Message) -> None:
    """Put a changed project in the place of the one before, with sentences that say what changed."""
    st.session_state[_PROJECT] = project
    st.session_state[_HAPPENED] = happened


def get_happened() -> tuple[Message, ...]:
    """Return the sentences of the last change; none before the first one."""
    return cast("tuple[Message, ...]", st.session_state.get(_HAPPENED, ()))
