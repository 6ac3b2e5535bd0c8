"""The public Python API: studies, runs, results and trained models, for notebooks and scripts.

``flowerablate`` itself exports these names and loads them when they are first used. The command line builds on the
same functions.
"""
