"""Empty trials through Hydra's joblib launcher: ``hydra_trials.py -m hydra/launcher=joblib +number=range(N)``."""

import hydra
from empty import trial


@hydra.main(version_base=None, config_path=None)
def main(settings: object) -> float:
    """Run one trial."""
    return trial(0)


main()
