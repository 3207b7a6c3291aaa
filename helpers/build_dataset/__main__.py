"""What `python -m helpers.build_dataset` runs."""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", "numpy")  # the folders bring Keras along: leave TensorFlow, which it would load

from helpers.build_dataset.command import main

sys.exit(main())
