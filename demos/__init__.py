"""The Gradio demos: one capability each, usable alone, with an API. They know the core, never the app."""
