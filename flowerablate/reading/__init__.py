"""Reads the input of reports from a ledger: summaries, curves, predictions, images, trained models."""
