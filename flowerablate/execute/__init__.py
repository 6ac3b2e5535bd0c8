"""Runs trials: what is due, in which order, what one trial does, looks, budget, trackers."""
