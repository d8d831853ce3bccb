"""Published methods that explain an answer, one per file, each checked for faithfulness."""
