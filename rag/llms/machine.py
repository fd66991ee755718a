"""The machine under the models: threads, memory, and the variables that must stand before PyTorch is imported.

This is the one place in `rag` that writes `os.environ`. OpenMP reads its variables once, when PyTorch is first
imported; so `set_up_machine` comes first in every module that imports it.
"""

from __future__ import annotations

import logging
import os
import platform
import sys
import threading
from pathlib import Path

import psutil
import threadpoolctl

from rag.engine.limits import Facts
from rag.llms.catalogue import WORKING_BYTES

CGROUPS = Path("/sys/fs/cgroup")
PROC_CGROUP = Path("/proc/self/cgroup")
CPUINFO = Path("/proc/cpuinfo")

_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",  # its own thread pool beside ours, and a warning after every fork
}
_ABOUT_COMFORT = ("HF_HUB_DISABLE_PROGRESS", "TOKENIZERS")
_GIVE_WAY_NICENESS = 10  # a tenth of a core beside a busy thread of ordinary priority, a whole one beside none
SWITCH_S = 0.0005  # after which who computes in Python lets others go on; a question's embedding waits for it 80 times
_thread = threading.local()

# Threads that wait asleep: two that spin beside another busy process were up to fifty times slower.
# NumPy's OpenBLAS has no such switch: its helper spins for 30 ms after every product, so it gets none.
# And no progress bars: unpacking a GGUF file has no other switch for its own.
_QUIET = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "0",
    "KMP_BLOCKTIME": "0",
    "OPENBLAS_NUM_THREADS": "1",
    "TQDM_DISABLE": "1",
}


def set_up_machine(threads: int | None = None) -> int:
    """Offline, no telemetry, sleeping waits, and ``threads`` threads (None: one per core that may be used).

    Returns the number of threads. Call it before PyTorch or Numba is imported; later it still sets the number for
    PyTorch itself. A number that the user's own OMP_NUM_THREADS names is kept unless ``threads`` is given. Threads that
    compute in Python take turns more often from then on.
    """
    os.environ.update(_OFFLINE)
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    if kept := _compiled_dir():
        os.environ.setdefault("NUMBA_CACHE_DIR", str(kept))
    count = threads or thread_count()
    os.environ["OMP_NUM_THREADS"] = str(count)
    sys.setswitchinterval(min(SWITCH_S, sys.getswitchinterval()))
    # bitsandbytes tells at each start that an optional package is absent; `check_versions` refuses that package.
    logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(count)
    if "numpy" in sys.modules and os.environ["OPENBLAS_NUM_THREADS"] == "1":  # which it read when it was imported
        threadpoolctl.threadpool_limits(1, user_api="blas")
    return count


def offline_switches() -> dict[str, str]:
    """The variables that keep models' libraries from the network, as they stand now; "" where one is not set."""
    return {name: os.environ.get(name, "") for name in _OFFLINE if not name.startswith(_ABOUT_COMFORT)}


def thread_count() -> int:
    """Threads for models: what OMP_NUM_THREADS says, the user's own or set above; else the cores that may be used."""
    own = os.environ.get("OMP_NUM_THREADS", "")
    return int(own) if own.isdigit() and int(own) else usable_cores()


def give_way() -> None:
    """This thread, for the rest of its life, works when others leave a core free (on Linux; else it only says so).

    What it computes with PyTorch is then kept to this one thread (`rag.llms.threads`): helpers would not give way.
    """
    if sys.platform == "linux":
        me = threading.get_native_id()
        own = os.getpriority(os.PRIO_PROCESS, me)
        os.setpriority(os.PRIO_PROCESS, me, max(own, _GIVE_WAY_NICENESS))  # to raise it would be forbidden
    _thread.gives_way = True


def gives_way() -> bool:
    """Whether this thread was told to `give_way`."""
    return getattr(_thread, "gives_way", False)


def usable_cores() -> int:
    """Cores that this process may use: its affinity, cut by the control group's quota; at least 1."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    quotas = [quota for folder in _cgroup_folders("cpu") if (quota := _core_quota(folder))]
    return max(1, int(min([affinity, *quotas])))


def available_memory_bytes() -> int:
    """Memory that can still be taken: the machine's, or what the control group leaves where that is less."""
    left = [psutil.virtual_memory().available]
    for folder in _cgroup_folders("memory"):
        limit = _number(folder / "memory.max", folder / "memory.limit_in_bytes")
        used = _number(folder / "memory.current", folder / "memory.usage_in_bytes")
        if limit is not None and used is not None:
            left.append(limit - used + _file_cache_bytes(folder))
    return max(0, min(left))


def gpu_memory_bytes() -> int:
    """Free memory of all NVIDIA GPUs together; 0 without one. Imports PyTorch."""
    import torch

    if not torch.cuda.is_available():
        return 0
    return sum(torch.cuda.mem_get_info(index)[0] for index in range(torch.cuda.device_count()))


def has_avx512_bf16() -> bool | None:
    """Whether 4-bit weights have a kernel of their own here; None where that cannot be told (not an x86 Linux)."""
    if platform.machine() not in {"x86_64", "AMD64"} or not CPUINFO.exists():
        return None
    return "avx512_bf16" in CPUINFO.read_text(encoding="utf-8", errors="replace")


def facts(*, on_gpu: bool, to_come_bytes: int = 0) -> Facts:
    """What a model's limits are chosen from. ``to_come_bytes``: of weights that are not loaded yet."""
    free = gpu_memory_bytes() if on_gpu else available_memory_bytes()
    left = max(0, free - to_come_bytes - WORKING_BYTES)
    return Facts(thread_count(), left, has_bf16=has_avx512_bf16() is True, on_gpu=on_gpu)


def _compiled_dir() -> Path | None:
    """Where compiled code is kept, so that only the first start compiles; None where it must not or cannot be.

    Numba reads it back as pickles, so nobody else may write there. With None, `numba.config.CACHE_DIR` stays empty
    and functions have to be compiled without a cache: Numba refuses one that it finds no place for.
    """
    try:
        folder = Path.home() / ".cache" / "inhouse" / "compiled"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = folder.stat()
    except (OSError, RuntimeError):  # RuntimeError: this user has no home
        return None
    is_ours = status.st_uid == os.geteuid() and not status.st_mode & 0o022
    return folder if is_ours and os.access(folder, os.W_OK | os.X_OK) else None


def _cgroup_folders(controller: str) -> list[Path]:
    """This process's control group and those above it, of both versions; nothing where there are none."""
    try:
        lines = PROC_CGROUP.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    folders: list[Path] = []
    for line in lines:
        _, names, path = line.split(":", 2)
        if names and controller not in names.split(","):
            continue
        root = CGROUPS / controller if names else CGROUPS
        inner = root / path.lstrip("/")
        folders += [folder for folder in (inner, *inner.parents) if folder.is_relative_to(root)]
    return folders


def _core_quota(folder: Path) -> float | None:
    """Cores that a control group grants, None for no limit. Samples: ``150000 100000``, ``max 100000``."""
    try:
        words = (folder / "cpu.max").read_text(encoding="utf-8").split()
    except OSError:
        quota, period = _number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")
        return quota / period if quota and period and quota > 0 else None
    return None if words[0] == "max" else int(words[0]) / int(words[1])


def _file_cache_bytes(folder: Path) -> int:
    """Pages of files that the kernel gives back when memory is asked for."""
    try:
        lines = (folder / "memory.stat").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    found = [line.split()[1] for line in lines if line.split()[0] in ("inactive_file", "total_inactive_file")]
    return max((int(value) for value in found), default=0)


def _number(*paths: Path) -> int | None:
    """The number in the first of ``paths`` that can be read; None for ``max`` or none of them."""
    for path in paths:
        try:
            return int(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
    return None
