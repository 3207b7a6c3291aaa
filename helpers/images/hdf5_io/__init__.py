"""Images or features in one HDF5 file: a writer that leaves no half file behind, a reader that keeps a network fed.

Derived in `4_1_hdf5.ipynb`; how fast it is, and what the alternatives cost, stands in `benchmarks/input_pipeline.md`.
"""

from helpers.images.hdf5_io.reader import HDF5DatasetGenerator as HDF5DatasetGenerator
from helpers.images.hdf5_io.writer import HDF5DatasetWriter as HDF5DatasetWriter
