"""Empty trials through joblib's loky: ``loky_trials.py N``. Its two workers are reused, so trials are not isolated."""

import sys

from empty import trial
from joblib import Parallel, delayed

Parallel(n_jobs=2)(delayed(trial)(number) for number in range(int(sys.argv[1])))
