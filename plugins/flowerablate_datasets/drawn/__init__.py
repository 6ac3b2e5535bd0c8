"""Roses and daisies, drawn."""
