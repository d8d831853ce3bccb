"""The entry script: style first, then the menu, then the page that the address names.

Streamlit runs this file from top to bottom for every interaction of every visitor; it must stay short and free.
Owns that order and nothing else.
"""

from __future__ import annotations

import streamlit as st

from app import pages, state
from app.components import chrome

st.set_page_config(page_title="Vitrine", layout="wide", initial_sidebar_state="collapsed")
chrome.show_style()
page = st.navigation(pages.get_menu(), position="top")
chrome.show_top_bar()
state.begin_run()
page.run()
state.end_run()
