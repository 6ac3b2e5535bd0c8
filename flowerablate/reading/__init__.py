"""What reports take from a ledger: summaries, curves, predictions, images, trained models."""
