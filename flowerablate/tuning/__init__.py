"""Tuning: searches the settings of a pipeline that are best on validation, with Optuna.

``space`` reads the search space, ``tuning_plan`` prepares a study, ``objective`` trains one candidate on a few seeds,
``storage`` keeps the trials in Optuna's storage, ``tuner`` runs trials in sequence and ``workers`` in parallel.
"""
