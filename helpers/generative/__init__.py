"""What the notebooks on generative models share: the adversarial game, a judge of samples, and its figures.

adversarial       `game`, `fit`, `sample`: one loop for GAN, DCGAN, WGAN, BEGAN, with and without labels
gradient_penalty  the length of the critic's gradient as a part of the loss
judge             a digit classifier that rates samples and takes no part in a game
figures           how far samples are from real images, and how many kinds there are
"""

from helpers.generative import judge as judge
from helpers.generative.adversarial import Game as Game
from helpers.generative.adversarial import fit as fit
from helpers.generative.adversarial import game as game
from helpers.generative.adversarial import pictures as pictures
from helpers.generative.adversarial import sample as sample
from helpers.generative.figures import class_diversity as class_diversity
from helpers.generative.figures import class_entropy as class_entropy
from helpers.generative.figures import class_shares as class_shares
from helpers.generative.figures import classes_covered as classes_covered
from helpers.generative.figures import frechet_distance as frechet_distance
from helpers.generative.figures import frechet_of_gaussians as frechet_of_gaussians
from helpers.generative.figures import nearest as nearest
from helpers.generative.figures import reconstruction_error as reconstruction_error
from helpers.generative.gradient_penalty import gradient_norms as gradient_norms
