"""The score of a pair: signals, the engine's terms, and the tie-break order."""
