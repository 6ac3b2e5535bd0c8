"""``python -m flowerablate`` is the same as ``flowerablate``."""

import sys

from .cli import main

sys.exit(main())
