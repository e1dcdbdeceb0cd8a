"""Evaluation: ranked ids against relevant ids, and nothing else."""
