"""Builders in the manner of `keras.applications`: a function takes shapes and sizes and returns a `keras.Model`."""

from helpers.models.alexnet import AlexNet, ZFNet
from helpers.models.autoencoders import VAE, Autoencoder, Decoder, Encoder
from helpers.models.capsnet import CapsNet
from helpers.models.cnn import CNN
from helpers.models.efficientnet import EfficientNetLite0
from helpers.models.gans import (
    BEGANDiscriminator,
    ClipWeights,
    DCGANDiscriminator,
    DCGANGenerator,
    MinibatchDiscrimination,
    MLPDiscriminator,
    MLPGenerator,
)
from helpers.models.inception import DeeperGoogLeNet, GoogLeNet, MiniGoogLeNet
from helpers.models.lenet import LeNet5
from helpers.models.mlp import MLP
from helpers.models.pretrained import pretrained
from helpers.models.resnet import ResNet, ResNet50
from helpers.models.rnn import RNN
from helpers.models.squeezenet import SqueezeNet
from helpers.models.vgg import VGG16, VGG19, SmallVGG
from helpers.models.xception import MiniXception, Xception

__all__ = [
    "CNN",
    "MLP",
    "RNN",
    "VAE",
    "VGG16",
    "VGG19",
    "AlexNet",
    "Autoencoder",
    "BEGANDiscriminator",
    "CapsNet",
    "ClipWeights",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "Decoder",
    "DeeperGoogLeNet",
    "EfficientNetLite0",
    "Encoder",
    "GoogLeNet",
    "LeNet5",
    "MLPDiscriminator",
    "MLPGenerator",
    "MiniGoogLeNet",
    "MiniXception",
    "MinibatchDiscrimination",
    "ResNet",
    "ResNet50",
    "SmallVGG",
    "SqueezeNet",
    "Xception",
    "ZFNet",
    "pretrained",
]
