"""What this machine computes with: TPU, GPU or CPU; the precision that suits it; how work is shared among devices."""

import contextlib
import math
import os
import platform
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

# What TensorFlow prints at a healthy start on a machine without a GPU, before any log level applies.
START_UP = re.compile(
    r"absl::InitializeLog|Could not find cuda drivers|TensorFlow binary is optimized|To enable the following instr"
    r"|failed call to cuInit|Unable to register cu\w+ (factory|plugin)|oneDNN custom operations are on"
)


@contextlib.contextmanager
def without_start_up_lines() -> Iterator[None]:
    """Hold back what is written on standard error, by C++ too, and then pass it on without the lines of `START_UP`.

    JupyterLab shows standard error on red. A reader whose first cell is red looks for a mistake where there is none.
    """
    sys.stderr.flush()
    own = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(own, 2)
            os.close(own)
            held.seek(0)
            lines = held.read().decode(errors="replace").splitlines(keepends=True)
            sys.stderr.write("".join(line for line in lines if not START_UP.search(line)))


with without_start_up_lines():  # so a notebook imports the helpers before Keras
    import keras

PRECISIONS = ("float32", "mixed_bfloat16")
CPU_FEATURES = {"amx_bf16": "AMX", "avx512_bf16": "AVX512-BF16"}  # flag in /proc/cpuinfo, name


class Device(NamedTuple):
    """One device as a framework reports it; `capability` is the compute capability of an NVIDIA GPU, as (8, 0)."""

    kind: str
    name: str
    capability: tuple[int, ...] | None = None


class Accelerator(NamedTuple):
    """What `set_up` found and chose.

    Attributes:
        device: "CPU", "GPU" or "TPU".
        count: the number of devices (TPU: cores as the framework counts them).
        name: what the maker calls it.
        backend: the Keras backend, "tensorflow" or "jax".
        precision: "float32" or "mixed_bfloat16".
        reason: why this precision, for people.
        cores: the processor cores that this process may use.
        batch_multiplier: the number of devices that share a batch; multiply the batch size of one device by it.
        strategy: what shares the work (`tf.distribute.Strategy` or `keras.distribution.DataParallel`), None for one.
    """

    device: str
    count: int
    name: str
    backend: str
    precision: str
    reason: str
    cores: int
    batch_multiplier: int
    strategy: object | None

    def scope(self) -> contextlib.AbstractContextManager:
        """Return the context to build and compile a model in; for one device it does nothing."""
        return self.strategy.scope() if self.strategy else contextlib.nullcontext()


def set_up(precision: str | None = None) -> Accelerator:
    """Find the devices, set Keras's precision, print one line and return what was found.

    Call it before the first model is built. Under JAX several devices share all that follows
    (`keras.distribution.set_distribution`); under TensorFlow build and compile models inside `scope()`.

    Args:
        precision: "float32" or "mixed_bfloat16" overrules the choice, as does `COURSE_PRECISION` where this is None.

    Raises:
        ValueError: another precision was asked for.
        RuntimeError: the environment says that there is a TPU, and it does not answer.
    """
    asked = _asked_precision(precision)
    backend = keras.backend.backend()
    with without_start_up_lines():
        devices, strategy = _jax() if backend == "jax" else _tensorflow()
    kind, count = devices[0].kind, len(devices)
    precision, reason = asked or choose_precision(devices, backend, _cpuinfo())
    keras.config.set_dtype_policy(precision)
    found = Accelerator(
        device=kind,
        count=count,
        name=devices[0].name,
        backend=backend,
        precision=precision,
        reason=reason,
        cores=cores(),
        batch_multiplier=count if strategy else 1,
        strategy=strategy,
    )
    times = f"{count} x " if count > 1 else ""
    print(f"device {times}{kind} ({found.name}), backend {backend}, {precision} ({reason}), {found.cores} cores")
    return found


def _asked_precision(precision: str | None) -> tuple[str, str] | None:
    wishes = {"precision": precision, "COURSE_PRECISION": os.environ.get("COURSE_PRECISION") or None}
    name, wish = next(((name, wish) for name, wish in wishes.items() if wish is not None), (None, None))
    if wish is not None and wish not in PRECISIONS:
        raise ValueError(f"{name} must be one of {', '.join(PRECISIONS)}. Received: {name}={wish!r}")
    return (wish, f"asked for by {name}") if wish else None


def choose_precision(devices: list[Device], backend: str, cpuinfo: str) -> tuple[str, str]:
    """Return the precision that is faster without losing accuracy, and why.

    Args:
        devices: all of one kind.
        backend: "tensorflow" or "jax".
        cpuinfo: the text of /proc/cpuinfo, empty where there is none.
    """
    kind = devices[0].kind
    if kind == "TPU":
        return "mixed_bfloat16", "a TPU multiplies in bfloat16"
    if kind == "GPU":
        if any(device.capability is None for device in devices):
            return "float32", "compute capability of the GPU unknown"
        lowest = min(device.capability for device in devices)
        number = ".".join(str(part) for part in lowest)
        if lowest >= (8, 0):
            return "mixed_bfloat16", f"compute capability {number}: bfloat16 from 8.0 on"
        return "float32", f"compute capability {number}: bfloat16 only from 8.0 on"
    flags = cpu_flags(cpuinfo)
    name = next((name for flag, name in CPU_FEATURES.items() if flag in flags), None)
    if not flags:
        return "float32", "processor unknown"
    if not name:
        return "float32", f"processor without {' or '.join(CPU_FEATURES.values())}"
    if backend == "jax":
        return "float32", f"processor with {name}, gain under JAX not measured"
    return "mixed_bfloat16", f"processor with {name}: convolutions train faster"


def cpu_flags(cpuinfo: str) -> set[str]:
    """Return the feature flags of the first processor in the text of /proc/cpuinfo."""
    found = re.search(r"^flags\s*:(.*)$", cpuinfo, re.MULTILINE)
    return set(found[1].split()) if found else set()


def cores() -> int:
    """Return how many processor cores this process may use: its affinity, and the quota of its container."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cgroup_quota()
    return usable if quota is None else min(usable, max(1, math.ceil(quota)))


def _cgroup_quota(root: Path = Path("/sys/fs/cgroup")) -> float | None:
    """Return the cores that Linux grants to this container, None where it sets no limit."""
    one_file, two_files = root / "cpu.max", (root / "cpu/cpu.cfs_quota_us", root / "cpu/cpu.cfs_period_us")
    if one_file.is_file():  # version 2: "200000 100000" or "max 100000"
        quota, period = one_file.read_text().split()
    elif all(path.is_file() for path in two_files):  # version 1, where -1 is no limit
        quota, period = (path.read_text().strip() for path in two_files)
    else:
        return None
    return None if quota in ("max", "-1") else int(quota) / int(period)


def _cpuinfo() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text() if path.is_file() else ""


def _cpu() -> Device:
    found = re.search(r"^model name\s*:\s*(.+)$", _cpuinfo(), re.MULTILINE)
    return Device("CPU", found[1] if found else platform.processor() or platform.machine())


def _tpu_hint() -> str | None:
    """Return what in this environment says that there is a TPU, or None. /dev/accel is the folder of other devices."""
    variables = [name for name in ("TPU_NAME", "COLAB_TPU_ADDR") if os.environ.get(name)]
    return next(iter(variables + [str(path) for path in sorted(Path("/dev").glob("accel[0-9]*"))]), None)


def _broken_tpu(hint: str, cause: str) -> RuntimeError:
    return RuntimeError(
        f"{hint} says that this machine has a TPU, but {cause}. Restart the runtime; with KERAS_BACKEND=tensorflow "
        "try KERAS_BACKEND=jax. To work on the processor choose a runtime without a TPU, or set KERAS_BACKEND=jax "
        "and JAX_PLATFORMS=cpu."
    )


def _jax() -> tuple[list[Device], keras.distribution.DataParallel | None]:
    devices = _jax_devices()
    wanted = os.environ.get("JAX_PLATFORMS")
    if devices[0].kind == "CPU" and not wanted and (hint := _tpu_hint()):
        raise _broken_tpu(hint, "JAX finds only the processor")
    if len(devices) == 1:
        return devices, None
    strategy = keras.distribution.DataParallel(devices=keras.distribution.list_devices())
    keras.distribution.set_distribution(strategy)
    return devices, strategy


def _jax_devices() -> list[Device]:
    import jax

    kinds = {"cpu": "CPU", "tpu": "TPU"}  # all others are GPUs: gpu, cuda, rocm, METAL
    devices = []
    for device in jax.devices():
        kind = kinds.get(device.platform, "GPU")
        version = str(getattr(device, "compute_capability", None) or "")
        capability = tuple(int(part) for part in version.split(".")) if re.fullmatch(r"\d+(\.\d+)*", version) else None
        devices.append(_cpu() if kind == "CPU" else Device(kind, device.device_kind, capability))
    return devices


def _tensorflow() -> tuple[list[Device], object | None]:
    import tensorflow as tf

    if hint := _tpu_hint():
        strategy = _tensorflow_tpu(hint)
        return [Device("TPU", "TPU")] * strategy.num_replicas_in_sync, strategy
    gpus = _tensorflow_gpus()
    return gpus or [_cpu()], tf.distribute.MirroredStrategy() if len(gpus) > 1 else None


def _tensorflow_gpus() -> list[Device]:
    import tensorflow as tf

    details = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    return [Device("GPU", each.get("device_name", "GPU"), each.get("compute_capability")) for each in details]


def _tensorflow_tpu(hint: str) -> object:
    """Connect to the TPU. The resolver succeeds even where there is none; the calls after it tell."""
    import tensorflow as tf

    address = os.environ.get("COLAB_TPU_ADDR")
    target = f"grpc://{address}" if address else os.environ.get("TPU_NAME") or "local"
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=target)
        if target != "local":
            tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
        return tf.distribute.TPUStrategy(resolver)
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        raise _broken_tpu(hint, f"TensorFlow cannot use it: {type(error).__name__}: {str(error)[:200]}") from error
