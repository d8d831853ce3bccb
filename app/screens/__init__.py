"""One file a screen: each asks the core, says one sentence and shows one picture. No model code lives here."""
