"""Learning rates that change from step to step."""

import operator

import keras


def _check_number(name: str, value: float, *, above: float) -> None:
    if not value > above:
        raise ValueError(f"{name} must be above {above}. Received: {name}={value}")


def polynomial_decay(
    learning_rate: float, *, steps: int, power: float = 1.0, end: float = 0.0
) -> keras.optimizers.schedules.PolynomialDecay:
    """Return `keras.optimizers.schedules.PolynomialDecay`: (learning_rate - end) * (1 - step / steps)**power + end.

    Args:
        learning_rate: the rate at step 0; above 0.
        steps: the step from which the rate is `end`; most often the number of training steps in all.
        power: 1 is a straight line, 2 falls faster at first.
        end: the last rate, from 0 to `learning_rate`.

    Raises:
        ValueError: a number outside its range.
    """
    _check_number("learning_rate", learning_rate, above=0)
    _check_number("steps", operator.index(steps), above=0)
    _check_number("power", power, above=0)
    if not 0 <= end <= learning_rate:
        raise ValueError(f"end must be from 0 to learning_rate={learning_rate}. Received: end={end}")
    return keras.optimizers.schedules.PolynomialDecay(learning_rate, steps, end, power)


@keras.saving.register_keras_serializable(package="deep_vision_workbook")
class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """A straight line from 0 to the first rate of a schedule, then that schedule from its step 0.

    Args:
        schedule: the Keras schedule that follows; its steps count from the end of the warm-up.
        warmup_steps: the length of the line in training steps, above 0.

    Raises:
        TypeError: `schedule` is not a schedule.
        ValueError: `warmup_steps` is not positive.

    Example:
        >>> WarmUp(polynomial_decay(0.1, steps=900), warmup_steps=100)  # 0 at step 0, 0.1 at 100, 0 from 1000 on
    """

    def __init__(self, schedule: keras.optimizers.schedules.LearningRateSchedule, *, warmup_steps: int):
        super().__init__()
        if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
            raise TypeError(f"schedule must be a keras LearningRateSchedule. Received: schedule={schedule!r}")
        _check_number("warmup_steps", operator.index(warmup_steps), above=0)
        self.schedule, self.warmup_steps = schedule, warmup_steps

    def __call__(self, step):
        step = keras.ops.cast(step, "float32")
        later = self.schedule(keras.ops.maximum(step - self.warmup_steps, 0.0))
        return later * keras.ops.minimum(step / self.warmup_steps, 1.0)

    def get_config(self):
        return {"schedule": keras.saving.serialize_keras_object(self.schedule), "warmup_steps": self.warmup_steps}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "schedule": keras.saving.deserialize_keras_object(config["schedule"])})
