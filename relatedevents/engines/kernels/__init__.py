"""Compiled kernels of the engines; they check nothing."""
