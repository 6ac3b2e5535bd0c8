"""Uses a trained model: predictions of files, Grad-CAM maps, and export to other runtimes.

:mod:`flowerablate.wiring.trained_model` builds the model and its preprocessing and passes them in.
"""

from .predictor import Prediction as Prediction
from .predictor import Predictor as Predictor
from .predictor import Unreadable as Unreadable
