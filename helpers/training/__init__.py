"""Training that can be watched, stopped and resumed; the state of a run on disk; learning rates that change.

loop         `fit`
monitor      the callback that draws loss and accuracy after every epoch
checkpoints  the whole state of a run in one file, and interrupts that leave the model whole
schedules    a rate that falls, and one that rises first
"""

from helpers.training.checkpoints import reset_optimizer as reset_optimizer
from helpers.training.loop import fit as fit
from helpers.training.monitor import Monitor as Monitor
from helpers.training.schedules import WarmUp as WarmUp
from helpers.training.schedules import polynomial_decay as polynomial_decay
