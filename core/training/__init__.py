"""The recipes that made every bundled model, from the data to the card; each can be run again."""
