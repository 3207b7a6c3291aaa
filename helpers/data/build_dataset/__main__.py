"""What `python -m helpers.data.build_dataset` runs."""

import sys

from helpers.data.build_dataset.command import main

sys.exit(main())
