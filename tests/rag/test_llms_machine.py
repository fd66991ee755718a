"""Threads and memory under control groups of both versions, and the light imports."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from rag.llms import machine


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty tree of control groups; write files into it and set the process's lines."""
    monkeypatch.setattr(machine, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(machine, "PROC_CGROUP", tmp_path / "proc")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    return tmp_path


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_version_2_quota_limits_the_threads(groups: Path) -> None:
    put(groups / "proc", "0::/pod/box\n")
    put(groups / "cgroup/pod/box/cpu.max", "max 100000\n")
    put(groups / "cgroup/pod/cpu.max", "350000 100000\n")
    assert machine.usable_cores() == 3


def test_a_version_1_quota_limits_the_threads(groups: Path) -> None:
    put(groups / "proc", "4:memory:/x\n2:cpu,cpuacct:/x\n")
    put(groups / "cgroup/cpu/x/cpu.cfs_quota_us", "50000")
    put(groups / "cgroup/cpu/x/cpu.cfs_period_us", "100000")
    assert machine.usable_cores() == 1


def test_without_a_quota_every_core_of_the_affinity_is_used(groups: Path) -> None:
    put(groups / "proc", "0::/\n")
    assert machine.usable_cores() == 8


def test_memory_is_what_the_control_group_leaves(groups: Path) -> None:
    put(groups / "proc", "0::/box\n")
    put(groups / "cgroup/box/memory.max", "1000000")
    put(groups / "cgroup/box/memory.current", "800000")
    put(groups / "cgroup/box/memory.stat", "anon 5\ninactive_file 300000\n")
    assert machine.available_memory_bytes() == 500_000


def test_memory_without_a_limit_is_the_machines(groups: Path) -> None:
    put(groups / "proc", "0::/box\n")
    put(groups / "cgroup/box/memory.max", "max")
    assert abs(machine.available_memory_bytes() - psutil.virtual_memory().available) < 1 << 30


def run_python(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, env=environment)


def test_base_catalogue_and_embedded_are_light() -> None:
    code = (
        "import sys, rag.llms.base, rag.llms.catalogue, rag.llms.embedded; print('torch' in sys.modules,"
        " 'transformers' in sys.modules)"
    )
    assert run_python(code).stdout.strip() == "False False"


def test_setting_up_goes_offline_and_lets_threads_sleep() -> None:
    code = (
        "import os; from rag.llms.machine import set_up_machine; n = set_up_machine(3);"
        "print(n, *(os.environ[k] for k in ('HF_HUB_OFFLINE', 'OMP_WAIT_POLICY', 'OMP_NUM_THREADS')))"
    )
    assert run_python(code, HF_HUB_OFFLINE="0").stdout.split() == ["3", "1", "PASSIVE", "3"]


def test_a_number_of_threads_set_by_the_user_is_kept() -> None:
    code = "from rag.llms.machine import set_up_machine; print(set_up_machine())"
    assert run_python(code, OMP_NUM_THREADS="5").stdout.strip() == "5"
