"""Models that name what they are shown: P(Y given X). One task per file."""
