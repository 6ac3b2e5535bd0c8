"""A trained model in use: it predicts files, shows where it looks, and leaves for other runtimes.

The room receives the model and its chains; :mod:`flowerablate.wiring.trained_model` puts them together.
"""

from .predictor import Prediction as Prediction
from .predictor import Predictor as Predictor
from .predictor import Unreadable as Unreadable
