"""Reads and checks a study, expands it into variants and trials, and names them."""
