"""Models that make something new: X, given Y. One method per file."""
