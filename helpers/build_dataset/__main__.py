"""What `python -m helpers.build_dataset` runs."""

import sys

from helpers.build_dataset.command import main

sys.exit(main())
