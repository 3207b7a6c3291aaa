"""Builders in the manner of `keras.applications`: a function takes shapes and sizes and returns a `keras.Model`."""

from helpers.models.cnn import CNN
from helpers.models.mlp import MLP
from helpers.models.rnn import RNN

__all__ = ["CNN", "MLP", "RNN"]
