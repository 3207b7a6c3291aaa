"""The code of the folded first cell of every Colab copy; `build.py` puts the files and the calls below it."""

import importlib.util
import os
import subprocess
import sys
import tempfile
from base64 import b64decode  # noqa: F401  (the FILES below use it)
from pathlib import Path

TPU_VARIABLES = ("COLAB_TPU_ADDR", "TPU_NAME", "TPU_WORKER_ID", "TPU_WORKER_HOSTNAMES", "TPU_ACCELERATOR_TYPE")
NO_NETWORK = (
    "NewConnectionError",
    "name resolution",
    "Name or service not known",
    "Network is unreachable",
    "timed out",
)


def has_tpu(environment, devices="/dev"):
    """Say whether this machine has a TPU, from its environment variables and its device files."""
    files = [*Path(devices).glob("accel[0-9]*"), *Path(devices).glob("vfio/[0-9]*")]
    return bool(files) or any(environment.get(name) for name in TPU_VARIABLES)


def choose_backend(environment, devices="/dev"):
    """Set KERAS_BACKEND to jax on a TPU and where there is no TensorFlow, unless it is set already."""
    if environment.get("KERAS_BACKEND"):
        return
    if has_tpu(environment, devices) or importlib.util.find_spec("tensorflow") is None:
        environment["KERAS_BACKEND"] = "jax"


def missing(requirements):
    """Return the requirements, once each, whose import name this machine does not know."""
    return list(dict.fromkeys(text for name, text in requirements.items() if importlib.util.find_spec(name) is None))


def install(requirements, needed=True):
    """Install what is missing with pip; where that fails, stop if the notebook needs it, else say so and go on.

    Raises:
        ImportError: something needed could not be installed.
    """
    wanted = missing(requirements)
    if not wanted:
        return
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--retries", "1", "--timeout", "15", *wanted]
    pip = subprocess.run(command, capture_output=True, text=True, check=False)
    importlib.invalidate_caches()
    if pip.returncode == 0:
        print("installed " + ", ".join(wanted))
        return
    reason = (pip.stderr.strip().splitlines() or ["pip failed"])[-1]
    if any(sign in pip.stderr for sign in NO_NETWORK):
        reason = "there is no network"
    message = f"This machine lacks {', '.join(wanted)}, which could not be installed: {reason}."
    if needed:
        raise ImportError(message)
    print(message, "The notebook goes on; only what uses it will not work.")


def unpack(files):
    """Write the files into a new folder, put it first on the import path, and return it."""
    folder = Path(tempfile.mkdtemp(prefix="workbook_"))
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for module in [name for name in sys.modules if name.partition(".")[0] == "helpers"]:
        del sys.modules[module]  # from an earlier run of this cell
    sys.path.insert(0, str(folder))
    return folder


def set_up(files, needed, optional):
    """Make this machine ready for the notebook below, and say how."""
    choose_backend(os.environ)
    install(needed)
    install(optional, needed=False)
    folder = unpack(files)
    print(f"helpers are in {folder}; KERAS_BACKEND is {os.environ.get('KERAS_BACKEND') or 'left to Keras'}")
