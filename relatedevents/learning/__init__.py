"""Learning: arrays in, weights or vectors out."""
