"""Shared plumbing of the deep vision workbook; ideas stand in the notebooks."""

import os

# Before scikit-learn starts its threads: let those that have nothing to do sleep, not spin. On a machine that does
# something else too, t-SNE of 100 points took 15.8 seconds while they spun, and 1.4 without.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
