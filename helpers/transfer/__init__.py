"""What the notebooks of chapter 5 share: features of a pretrained network, kept on disk.

features   `features`: computed once, found again by what they were computed from
"""

from helpers.transfer.features import features as features
