"""Samples, splits, and the packed store of prepared images."""
