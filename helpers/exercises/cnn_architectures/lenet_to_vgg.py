"""Exercises of `2_1_lenet_to_vgg.ipynb`."""

from helpers.exercises.core import Exercise, call, differ, same

VGG_11 = (64, "pool", 128, "pool", 256, 256, "pool", 512, 512, "pool", 512, 512, "pool")


def _examine_stack_weights(answer) -> str | None:
    for kernel_size, depth, channels in ((3, 3, 64), (7, 1, 64), (5, 2, 16)):
        expected, got = depth * kernel_size**2 * channels**2, call(answer, kernel_size, depth, channels)
        if got == expected:
            continue
        reason = ""
        if got == depth * (kernel_size**2 * channels + 1) * channels:
            reason = " These are the weights with the biases: leave the biases out."
        elif got == depth * kernel_size**2 * channels:
            reason = " A kernel is as deep as there are channels before it, and there is one for each channel after it."
        elif got == depth * kernel_size * channels**2:
            reason = " A kernel has kernel_size rows and as many columns."
        elif got == (depth * kernel_size) ** 2 * channels**2:
            reason = " The layers add up: their number is not squared."
        return differ(f"{depth} layers of {kernel_size} x {kernel_size}, {channels} channels", got, expected) + reason
    return None


stack_weights = Exercise(
    title="Weights of a stack of convolutions",
    examine=_examine_stack_weights,
    hints=(
        "One kernel of one layer has kernel_size x kernel_size x channels weights.",
        "A layer has as many kernels as it has output channels.",
        "Multiply by the number of layers.",
    ),
    starter="def stack_weights(kernel_size, depth, channels):\n    return ...\n",
    solution_source="""
def stack_weights(kernel_size, depth, channels):
    return depth * kernel_size**2 * channels**2


answer = stack_weights
""",
)


def _examine_layers_needed(answer) -> str | None:
    for field, kernel_size in ((7, 3), (32, 3), (32, 5), (10, 5), (1, 3)):
        rest, reach = field - 1, kernel_size - 1
        expected, got = -(-rest // reach), call(answer, field, kernel_size)
        if got == expected:
            continue
        reason = ""
        if same(got, rest / reach):
            reason = " A number of layers is a whole number: round up."
        elif got == rest // reach:
            reason = f" {got} layers see {got * reach + 1} pixels only: round up."
        elif got in (-(-field // kernel_size), field // kernel_size):
            reason = " A further layer adds kernel_size - 1 pixels, not kernel_size: the middle is seen already."
        elif got == -(-field // reach):
            reason = " Without any layer a number sees one pixel already: only field - 1 are left to reach."
        return differ(f"layers of {kernel_size} x {kernel_size} to see {field} pixels", got, expected) + reason
    return None


layers_needed = Exercise(
    title="How many layers it takes to see so far",
    examine=_examine_layers_needed,
    hints=(
        "With stride 1 the step stays 1. What does each layer add to the field, and where does the field begin?",
        "field = 1 + layers * (kernel_size - 1). Solve for layers.",
        "Round up; -(-a // b) does that for whole numbers.",
    ),
    starter="def layers_needed(field, kernel_size):\n    return ...\n",
    solution_source="""
def layers_needed(field, kernel_size):
    return -(-(field - 1) // (kernel_size - 1))


answer = layers_needed
""",
)


def _examine_frequency_after(answer) -> str | None:
    for frequency, stride in ((0.05, 4), (0.45, 6), (0.2, 4), (0.3, 2), (0.4, 1), (0.15, 3)):
        expected = abs(frequency - round(frequency * stride) / stride)
        got = call(answer, frequency, stride)
        if same(got, expected):
            continue
        reason = ""
        if same(got, frequency):
            reason = f" Stride {stride} carries frequencies up to 1 / {2 * stride}; this one is folded back."
        elif same(got, min(frequency, 1 / (2 * stride))):
            reason = " What is above the limit is not cut off at the limit; it is folded back."
        elif same(got, 0):
            reason = " What is above the limit is not lost; it is folded back."
        elif same(got, expected * stride):
            reason = " This is in periods for each number of the answer: divide by the stride."
        elif same(got, frequency % (1 / stride)) or same(got, -expected):
            reason = " Of all that differ by multiples of 1 / stride the smallest counts, without its sign."
        elif same(got, abs(1 / stride - frequency)):
            reason = " It is folded at every multiple of 1 / (2 * stride), not only once."
        return differ(f"frequency {frequency} behind stride {stride}", got, expected) + reason
    return None


frequency_after = Exercise(
    title="Which frequency a stride makes of another",
    examine=_examine_frequency_after,
    hints=(
        "Stripes whose frequencies differ by 1 / stride are the same at every stride-th pixel.",
        "So take off the multiple of 1 / stride that lies nearest to the frequency.",
        "round(frequency * stride) / stride is that multiple; a frequency has no sign: abs.",
    ),
    starter="def frequency_after(frequency, stride):\n    return ...\n",
    solution_source="""
def frequency_after(frequency, stride):
    return abs(frequency - round(frequency * stride) / stride)


answer = frequency_after
""",
)


def _vgg_work(plan, side, kernel=9, halves=True, first=3, follow=True, bias=0):
    """Multiply-adds of a plan, right by default; the keywords are the usual mistakes."""
    channels, work = first, 0
    for step in plan:
        if step == "pool":
            side = side // 2 if halves else side
        else:
            work += side**2 * (kernel * channels + bias) * step
            channels = step if follow else channels
    return work


def _examine_vgg_multiply_adds(answer) -> str | None:
    mistakes = {
        " Pooling halves the side.": dict(halves=False),
        " A kernel of 3 x 3 has nine weights for each channel, not three.": dict(kernel=3),
        " After a convolution there are as many channels as it has filters.": dict(follow=False),
        " The picture has 3 channels.": dict(first=1),
        " Biases are added, not multiplied: do not count them.": dict(bias=1),
    }
    for plan, side in (((8, 16), 8), ((8, 16, "pool", 16), 8), (VGG_11, 224)):
        expected, got = _vgg_work(plan, side), call(answer, plan, side)
        if got == expected:
            continue
        reasons = [reason for reason, mistake in mistakes.items() if got == _vgg_work(plan, side, **mistake)]
        if got == _vgg_work([step for step in plan if step != "pool"], 1):
            reasons = [" These are the weights. Each is used once at every place: multiply by side * side."]
        return differ(f"multiply-adds of {plan} for {side} x {side} pixels", got, expected) + "".join(reasons[:1])
    return None


vgg_multiply_adds = Exercise(
    title="Multiply-adds of a network of VGG's kind",
    examine=_examine_vgg_multiply_adds,
    hints=(
        "Walk through the plan and keep two numbers up to date: the side and the channels. They begin at side and 3.",
        "A convolution does side * side * 9 * channels * filters multiply-adds; afterwards channels = filters.",
        '"pool" halves the side: side //= 2.',
    ),
    starter="def vgg_multiply_adds(plan, side):\n    return ...\n",
    solution_source="""
def vgg_multiply_adds(plan, side):
    channels, work = 3, 0
    for step in plan:
        if step == "pool":
            side //= 2
        else:
            work += side**2 * 9 * channels * step
            channels = step
    return work


answer = vgg_multiply_adds
""",
)
