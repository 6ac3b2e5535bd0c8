"""Tuning: searches the settings of a pipeline that are best on validation, with Optuna.

``space`` reads the search space, ``tuning_plan`` prepares a study, ``objective`` trains a candidate on one seed,
``candidate_job`` on all of them in a process of its own. ``storage`` keeps the trials in Optuna's storage,
``candidate_queue`` hands candidates to the executor and results to the pruner, ``tuner`` runs a whole tuning.
"""
