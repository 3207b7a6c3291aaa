"""Exercises of `4_4_profiling.ipynb`."""

from helpers.exercises.core import Exercise, call, differ, same


def _examine_step_time(answer) -> str | None:
    cases = ((60.0, 20.0, 1, False), (60.0, 20.0, 1, True), (60.0, 20.0, 2, True), (60.0, 20.0, 6, True))
    for load, train, workers, overlap in (*cases, (60.0, 20.0, 2, False)):
        alone = load / workers
        expected = max(alone, train) if overlap else alone + train
        got = call(answer, load, train, workers, overlap)
        if same(got, expected):
            continue
        reason = ""
        if same(got, max(load, train) if overlap else load + train):
            reason = " Several workers share the loading."
        elif overlap and same(got, alone + train):
            reason = " Both go on at the same time: the step does not take their sum."
        elif overlap and same(got, min(alone, train)):
            reason = " The step is over when the slower of the two is."
        elif not overlap and same(got, max(alone, train)):
            reason = " Without overlap one begins when the other has ended."
        elif same(got, (load + train) / workers):
            reason = " The workers only load."
        what = f"a step with load={load:g}, train={train:g}, workers={workers}, overlap={overlap}"
        return differ(what, got, expected) + reason
    return None


step_time = Exercise(
    title="How long a step takes",
    examine=_examine_step_time,
    hints=(
        "How long does loading take when `workers` share it?",
        "Without overlap a step loads, then trains. With overlap both go on at the same time.",
        "max(load / workers, train) if overlap, else load / workers + train",
    ),
    starter="def step_time(load, train, workers, overlap):\n    return ...\n",
    solution_source="""
def step_time(load, train, workers, overlap):
    alone = load / workers
    return max(alone, train) if overlap else alone + train


answer = step_time
""",
)


def _covered(spans) -> float:
    """The time covered, if the spans come in order."""
    total, reached = 0.0, float("-inf")
    for start, end in spans:
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def _examine_busy(answer) -> str | None:
    cases = (
        [(0.0, 10.0), (15.0, 20.0)],
        [(0.0, 10.0), (5.0, 20.0), (30.0, 40.0)],
        [(30.0, 40.0), (0.0, 10.0), (5.0, 20.0)],
        [(0.0, 100.0), (10.0, 20.0), (50.0, 120.0)],
    )
    for spans in cases:
        expected, got = _covered(sorted(spans)), call(answer, list(spans))
        if same(got, expected):
            continue
        first, last = min(start for start, _ in spans), max(end for _, end in spans)
        reason = ""
        if same(got, sum(end - start for start, end in spans)):
            reason = " Time in which two spans are open counts once."
        elif same(got, last - first):
            reason = " Time in which no span is open does not count."
        elif spans != sorted(spans) and same(got, _covered(spans)):
            reason = " The spans need not come in order: sort them."
        elif same(got, last - first - expected):
            reason = " This is the time of the gaps."
        elif same(got, _forgets(sorted(spans))):
            reason = " A span may lie inside an earlier one: remember the latest end so far, not the last one."
        return differ(f"busy time of {spans}", got, expected) + reason
    return None


def _forgets(spans) -> float:
    """What comes out when only the span before is compared."""
    before = [float("-inf"), *(end for _, end in spans)]
    return sum(max(0.0, end - max(start, reached)) for (start, end), reached in zip(spans, before, strict=False))


busy = Exercise(
    title="How long at least one thread worked",
    examine=_examine_busy,
    hints=(
        "Sort the spans by their start, and walk over them.",
        "Remember the latest end so far. A span adds only what lies after it.",
        "total += max(0, end - max(start, reached)), then reached = max(reached, end)",
    ),
    starter="def busy(spans):\n    return ...\n",
    solution_source="""
def busy(spans):
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


answer = busy
""",
)


def _examine_speedup(answer) -> str | None:
    for share, factor in ((0.5, 4.0), (0.9, 10.0), (0.1, 1e9), (0.0, 5.0), (1.0, 4.0)):
        time = 1 - share + share / factor
        expected, got = 1 / time, call(answer, share, factor)
        if same(got, expected):
            continue
        reason = ""
        if same(got, time):
            reason = " This is the new time, as a share of the old one: the speed is its inverse."
        elif same(got, factor):
            reason = " Only a part of the step becomes faster."
        elif share < 1 and same(got, 1 / (1 - share)):
            reason = " The part does not vanish: it still takes share / factor."
        elif same(got, 1 - share + share * factor):
            reason = " Times add up, speeds do not: what does the faster part still take?"
        return differ(f"speed-up of the whole with share={share}, factor={factor:g}", got, expected) + reason
    return None


speedup = Exercise(
    title="What a fix can gain at most",
    examine=_examine_speedup,
    hints=(
        "Let the whole take 1. How long does the part that stays as it is take?",
        "The other part took `share`, and now takes share / factor.",
        "The speed-up is the old time over the new one: 1 / (1 - share + share / factor).",
    ),
    starter="def speedup(share, factor):\n    return ...\n",
    solution_source="""
def speedup(share, factor):
    return 1 / (1 - share + share / factor)


answer = speedup
""",
)
