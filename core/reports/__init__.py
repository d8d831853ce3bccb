"""A project on paper: what a team takes to a meeting."""
