"""Every test of the builders starts from one seed and leaves float32 behind."""

import keras
import pytest


@pytest.fixture(autouse=True)
def float32_before_and_after():
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")
