"""Tuning: settings of the pipeline are searched for what is best on validation, with Optuna as the searcher.

``space`` reads what is searched, ``tuning_plan`` makes a study ready, ``objective`` trains one candidate on a few
seeds, ``storage`` keeps them in Optuna's storage, ``tuner`` runs one after the other and ``workers`` several at once.
"""
