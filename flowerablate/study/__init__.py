"""Reads and checks a study, expands it into variants and trials, and computes their ids."""
