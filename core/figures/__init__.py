"""Results become pictures with alt text: figures draw and never decide."""
