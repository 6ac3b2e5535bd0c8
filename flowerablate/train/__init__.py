"""Trains and evaluates: keyed initialisation, one loop, checkpoints without pickles."""
