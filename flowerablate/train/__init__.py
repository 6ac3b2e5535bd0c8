"""Training and evaluation: keyed initialisation, one loop, checkpoints without pickles."""
