"""Engines: the best n of every row, with no idea of what a tag or a headline is."""
