"""Runs trials: the plan and its order, single trials, adaptive looks, the time budget, trackers."""
