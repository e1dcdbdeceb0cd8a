"""Tools that know nothing of events: checks, threads, memory, files."""
