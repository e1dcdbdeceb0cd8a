"""Signals: what two events may have in common, one file a signal, and the register of all."""
