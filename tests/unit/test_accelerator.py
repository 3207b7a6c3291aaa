"""The accelerator: every branch by imitation, several devices for real in child processes."""

import os
import subprocess
import sys
from types import SimpleNamespace

import keras
import pytest

from helpers import accelerator
from helpers.accelerator import Device

PLAIN, AMX, BF16 = (
    f"model name\t: Test 9000\nflags\t\t: fpu sse2{extra}\n" for extra in ("", " amx_bf16", " avx512_bf16")
)
CPU, TPU = Device("CPU", "Test 9000"), Device("TPU", "TPU v5 lite")
OLD_GPU, NEW_GPU = Device("GPU", "Tesla T4", (7, 5)), Device("GPU", "H200", (9, 0))


@pytest.fixture(autouse=True)
def _quiet_surroundings(monkeypatch):
    for name in ("COURSE_PRECISION", "TPU_NAME", "COLAB_TPU_ADDR", "JAX_PLATFORMS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(accelerator, "_tpu_hint", lambda: os.environ.get("TPU_NAME"))
    before = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(before)


def imitate(monkeypatch, backend: str, devices: list[Device], cpuinfo: str = PLAIN) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    monkeypatch.setattr(accelerator, "_cpuinfo", lambda: cpuinfo)
    monkeypatch.setattr(accelerator, "_jax_devices", lambda: devices)
    monkeypatch.setattr(accelerator, "_tensorflow_gpus", lambda: [each for each in devices if each.kind == "GPU"])


@pytest.mark.parametrize(
    ("devices", "backend", "cpuinfo", "precision", "reason"),
    [
        ([TPU], "jax", "", "mixed_bfloat16", "TPU"),
        ([TPU] * 8, "tensorflow", "", "mixed_bfloat16", "TPU"),
        ([NEW_GPU], "tensorflow", AMX, "mixed_bfloat16", "capability 9.0"),
        ([Device("GPU", "A100", (8, 0))], "jax", "", "mixed_bfloat16", "capability 8.0"),
        ([OLD_GPU], "tensorflow", AMX, "float32", "capability 7.5"),
        ([NEW_GPU, OLD_GPU], "tensorflow", AMX, "float32", "capability 7.5"),
        ([Device("GPU", "other", None)], "jax", AMX, "float32", "unknown"),
        ([CPU], "tensorflow", AMX, "mixed_bfloat16", "AMX"),
        ([CPU], "tensorflow", BF16, "mixed_bfloat16", "AVX512-BF16"),
        ([CPU], "jax", AMX, "float32", "not measured"),
        ([CPU], "jax", PLAIN, "float32", "without AMX"),
        ([CPU], "tensorflow", PLAIN, "float32", "without AMX"),
        ([CPU], "tensorflow", "", "float32", "processor unknown"),
        ([CPU], "tensorflow", "processor : 0\nFeatures : bf16\n", "float32", "processor unknown"),
    ],
)
def test_choice_of_precision(devices, backend, cpuinfo, precision, reason):
    chosen, why = accelerator.choose_precision(devices, backend, cpuinfo)
    assert chosen == precision and reason in why


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_one_processor(backend, monkeypatch, capsys):
    imitate(monkeypatch, backend, [CPU])
    found = accelerator.set_up()
    expected = ("CPU", 1, "Test 9000", backend, "float32")
    assert found[:5] == expected and found.batch_multiplier == 1 and found.strategy is None
    assert keras.config.dtype_policy().name == "float32"
    printed = capsys.readouterr().out
    reason = "processor without AMX or AVX512-BF16"
    assert printed == f"device CPU (Test 9000), backend {backend}, float32 ({reason}), {found.cores} cores\n"
    with found.scope():
        keras.layers.Dense(1)


def test_processor_with_amx_sets_keras(monkeypatch):
    imitate(monkeypatch, "tensorflow", [CPU], AMX)
    assert accelerator.set_up().precision == "mixed_bfloat16"
    assert keras.config.dtype_policy().name == "mixed_bfloat16"


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_one_gpu(backend, monkeypatch):
    imitate(monkeypatch, backend, [NEW_GPU])
    found = accelerator.set_up()
    assert found[:5] == ("GPU", 1, "H200", backend, "mixed_bfloat16")
    assert found.batch_multiplier == 1 and found.strategy is None


def test_tpu_through_jax(monkeypatch, capsys):
    monkeypatch.setenv("TPU_NAME", "local")
    imitate(monkeypatch, "jax", [TPU])
    assert accelerator.set_up()[:5] == ("TPU", 1, "TPU v5 lite", "jax", "mixed_bfloat16")
    assert "device TPU (TPU v5 lite)" in capsys.readouterr().out


def test_several_gpus_under_tensorflow(monkeypatch, capsys):
    import tensorflow as tf

    monkeypatch.setattr(tf.distribute, "MirroredStrategy", lambda: SimpleNamespace(scope=lambda: "scope"))
    imitate(monkeypatch, "tensorflow", [NEW_GPU, NEW_GPU])
    found = accelerator.set_up()
    assert (found.count, found.batch_multiplier, found.scope()) == (2, 2, "scope")
    assert "device 2 x GPU (H200)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argument", "variable", "precision", "reason"),
    [
        ("float32", None, "float32", "precision"),
        (None, "mixed_bfloat16", "mixed_bfloat16", "COURSE_PRECISION"),
        ("float32", "mixed_bfloat16", "float32", "precision"),
        ("mixed_bfloat16", "float32", "mixed_bfloat16", "precision"),
        (None, "", "float32", "without"),
    ],
)
def test_precision_can_be_overruled(argument, variable, precision, reason, monkeypatch):
    imitate(monkeypatch, "tensorflow", [CPU])
    if variable is not None:
        monkeypatch.setenv("COURSE_PRECISION", variable)
    found = accelerator.set_up(argument)
    assert found.precision == keras.config.dtype_policy().name == precision
    assert reason in found.reason


def test_other_precisions_are_refused(monkeypatch):
    with pytest.raises(ValueError, match=r"float32, mixed_bfloat16.*Received: precision='float16'"):
        accelerator.set_up("float16")
    monkeypatch.setenv("COURSE_PRECISION", "bf16")
    with pytest.raises(ValueError, match="Received: COURSE_PRECISION='bf16'"):
        accelerator.set_up()


def test_broken_tpu_is_an_error_under_jax(monkeypatch):
    monkeypatch.setenv("TPU_NAME", "local")
    imitate(monkeypatch, "jax", [CPU])
    with pytest.raises(RuntimeError, match="local says that this machine has a TPU, but JAX finds only"):
        accelerator.set_up()
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")  # the reader wants the processor
    assert accelerator.set_up().device == "CPU"


def test_broken_tpu_is_an_error_under_tensorflow(monkeypatch):
    """Nothing is imitated below TensorFlow: this is what it says on a machine without a TPU."""
    monkeypatch.setenv("TPU_NAME", "local")
    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    with pytest.raises(RuntimeError, match="has a TPU, but TensorFlow cannot use it: NotFoundError"):
        accelerator.set_up()


@pytest.mark.parametrize(
    ("variables", "target", "connects"),
    [
        ({"TPU_NAME": "local"}, "local", False),
        ({"TPU_NAME": "node-1"}, "node-1", True),
        ({"TPU_NAME": "x", "COLAB_TPU_ADDR": "10.0.0.2:8470"}, "grpc://10.0.0.2:8470", True),
    ],
)
def test_tpu_through_tensorflow(variables, target, connects, monkeypatch):
    import tensorflow as tf

    calls = []
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    resolvers = tf.distribute.cluster_resolver
    monkeypatch.setattr(resolvers, "TPUClusterResolver", lambda tpu: calls.append(tpu) or "resolver")
    monkeypatch.setattr(tf.config, "experimental_connect_to_cluster", lambda resolver: calls.append("connect"))
    monkeypatch.setattr(tf.tpu.experimental, "initialize_tpu_system", lambda resolver: calls.append("initialize"))
    monkeypatch.setattr(tf.distribute, "TPUStrategy", lambda resolver: SimpleNamespace(num_replicas_in_sync=8))
    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    found = accelerator.set_up()
    assert (found.device, found.count, found.batch_multiplier, found.precision) == ("TPU", 8, 8, "mixed_bfloat16")
    assert calls == [target, *(["connect"] if connects else []), "initialize"]


def test_what_hints_at_a_tpu(monkeypatch, tmp_path):
    monkeypatch.undo()
    for name in ("TPU_NAME", "COLAB_TPU_ADDR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(accelerator, "Path", lambda _: tmp_path)
    (tmp_path / "accel").mkdir()  # other accelerators have their devices in this folder
    assert accelerator._tpu_hint() is None
    (tmp_path / "accel0").touch()
    assert accelerator._tpu_hint() == str(tmp_path / "accel0")
    monkeypatch.setenv("COLAB_TPU_ADDR", "10.0.0.2:8470")
    assert accelerator._tpu_hint() == "COLAB_TPU_ADDR"


def test_what_jax_reports(monkeypatch):
    import jax

    listed = [
        SimpleNamespace(platform="gpu", device_kind="NVIDIA H200", compute_capability="9.0"),
        SimpleNamespace(platform="gpu", device_kind="MI300", compute_capability="gfx942"),
        SimpleNamespace(platform="tpu", device_kind="TPU v5 lite"),
        SimpleNamespace(platform="cpu", device_kind="cpu"),
    ]
    monkeypatch.setattr(jax, "devices", lambda: listed)
    monkeypatch.setattr(accelerator, "_cpuinfo", lambda: PLAIN)
    expected = [Device("GPU", "NVIDIA H200", (9, 0)), Device("GPU", "MI300"), TPU, CPU]
    assert accelerator._jax_devices() == expected


def test_what_tensorflow_reports(monkeypatch):
    import tensorflow as tf

    details = {"a": {"device_name": "Tesla T4", "compute_capability": (7, 5)}, "b": {}}
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: list(details))
    monkeypatch.setattr(tf.config.experimental, "get_device_details", details.get)
    assert accelerator._tensorflow_gpus() == [OLD_GPU, Device("GPU", "GPU")]


def test_cores(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(16), raising=False)
    for quota, expected in ((None, 16), (1.5, 2), (0.1, 1), (32.0, 16)):
        monkeypatch.setattr(accelerator, "_cgroup_quota", lambda quota=quota: quota)
        assert accelerator.cores() == expected
    monkeypatch.delattr(os, "sched_getaffinity")  # macOS and Windows
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert accelerator.cores() == 6


def test_quota_of_the_container(tmp_path):
    assert accelerator._cgroup_quota(tmp_path) is None
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu/cpu.cfs_period_us").write_text("100000\n")
    for text, expected in (("-1\n", None), ("150000\n", 1.5)):
        (tmp_path / "cpu/cpu.cfs_quota_us").write_text(text)
        assert accelerator._cgroup_quota(tmp_path) == expected
    for text, expected in (("max 100000\n", None), ("200000 100000\n", 2.0)):
        (tmp_path / "cpu.max").write_text(text)
        assert accelerator._cgroup_quota(tmp_path) == expected


TWO_DEVICES = """
import functools, sys
import keras, numpy as np
from helpers import accelerator, training

if keras.backend.backend() == "tensorflow":  # two logical processors stand in for two GPUs
    import tensorflow as tf
    processor = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
    mirrored = functools.partial(tf.distribute.MirroredStrategy, ["CPU:0", "CPU:1"])
    tf.distribute.MirroredStrategy = mirrored
    accelerator._tensorflow_gpus = lambda: [accelerator.Device("GPU", "imitated", (7, 5))] * 2
found = accelerator.set_up()
assert (found.count, found.batch_multiplier, found.precision) == (2, 2, "float32"), found

def build():
    with found.scope():
        model = keras.Sequential([keras.Input((8,)), keras.layers.Dropout(0.1), keras.layers.Dense(2, "softmax")])
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss="sparse_categorical_crossentropy")
    return model

images = np.random.default_rng(0).random((64, 8), dtype="float32")
labels = (images.sum(1) > 4).astype("int32")
settings = dict(batch_size=8 * found.batch_multiplier, shuffle=False, folder=sys.argv[1])
training.fit(model := build(), images, labels, epochs=2, **settings)
training.fit(model := build(), images, labels, epochs=4, **settings)
assert int(keras.ops.convert_to_numpy(model.optimizer.iterations)) == 16
print(type(found.strategy).__name__, found.device)
"""


@pytest.mark.parametrize(
    ("backend", "flags", "expected"),
    [
        ("jax", "--xla_force_host_platform_device_count=2", "DataParallel CPU"),
        ("tensorflow", "", "MirroredStrategy GPU"),
    ],
)
def test_two_devices_train_and_resume(backend, flags, expected, tmp_path):
    environment = {**os.environ, "KERAS_BACKEND": backend, "XLA_FLAGS": flags, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", TWO_DEVICES, str(tmp_path)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
    assert "holds epochs 1 to 2 of this run" in result.stdout and "epoch 4/4" in result.stdout
    assert result.stdout.splitlines()[-1] == expected


WARNING = "W0000 allocator.cc:1] Allocation of 9 GB exceeds 10% of free system memory."


def test_warnings_that_matter_are_passed_on(capfd):
    with accelerator.without_start_up_lines():
        os.write(2, b"I0000 cudart_stub.cc:31] Could not find cuda drivers on your machine, GPU will not be used.\n")
        os.write(2, WARNING.encode() + b"\n")
        print("from Python", file=sys.stderr)
    # one comes by way of Python, one past it, so their order is open
    assert sorted(capfd.readouterr().err.splitlines()) == [WARNING, "from Python"]


def test_what_was_held_back_comes_out_after_an_error(capfd):
    with pytest.raises(ValueError, match="inside"), accelerator.without_start_up_lines():
        os.write(2, b"W0000 the reason\n")
        raise ValueError("inside")
    assert "the reason" in capfd.readouterr().err
