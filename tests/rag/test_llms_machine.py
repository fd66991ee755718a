"""Threads and memory under control groups of both versions, and the light imports."""

import os
import subprocess
import sys
import threading
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
    set_by_other_tests = {"NUMBA_CACHE_DIR", "OPENBLAS_NUM_THREADS"}
    inherited = {name: value for name, value in os.environ.items() if name not in set_by_other_tests}
    environment = {**inherited, **variables}
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


@pytest.mark.parametrize("first", ["", "import numpy; "])
@pytest.mark.parametrize(("own", "expected"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "2"}, "2")])
def test_products_of_numpy_have_no_helper_that_spins_after_them(first: str, own: dict[str, str], expected: str) -> None:
    """It took 30 ms of a core after every product; whoever sets a number of their own keeps it."""
    code = (
        f"{first}from rag.llms.machine import set_up_machine; set_up_machine(); import numpy, threadpoolctl;"
        "print(*{each['num_threads'] for each in threadpoolctl.threadpool_info() if each['user_api'] == 'blas'})"
    )
    assert run_python(code, **own).stdout.strip() == expected


@pytest.mark.parametrize(("own", "expected"), [(0.005, 0.0005), (0.0001, 0.0001)])
def test_threads_take_turns_often_or_as_often_as_they_did(own: float, expected: float) -> None:
    code = (
        f"import sys; sys.setswitchinterval({own}); from rag.llms.machine import set_up_machine; set_up_machine();"
        "print(round(sys.getswitchinterval(), 6))"
    )
    assert float(run_python(code).stdout) == pytest.approx(expected, rel=0.02)


COMPILED = (
    "from rag.llms.machine import set_up_machine; set_up_machine();"
    "import numba; print(numba.config.CACHE_DIR or 'none')"
)


def test_compiled_code_is_kept_in_a_folder_of_the_users_own(tmp_path: Path) -> None:
    kept = Path(run_python(COMPILED, HOME=str(tmp_path)).stdout.strip())
    assert kept.is_relative_to(tmp_path) and kept.stat().st_mode & 0o077 == 0


def test_compiled_code_goes_where_the_user_says(tmp_path: Path) -> None:
    chosen = tmp_path / "chosen"
    assert run_python(COMPILED, HOME=str(tmp_path), NUMBA_CACHE_DIR=str(chosen)).stdout.strip() == str(chosen)


def test_compiled_code_is_not_kept_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert run_python(COMPILED, HOME=str(tmp_path / "file")).stdout.strip() == "none"


def test_compiled_code_is_not_kept_where_others_may_write(tmp_path: Path) -> None:
    """It is read back as pickles, so whoever could write there could run code here."""
    folder = tmp_path / ".cache" / "inhouse" / "compiled"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    assert run_python(COMPILED, HOME=str(tmp_path)).stdout.strip() == "none"


def test_giving_way_lowers_this_thread_alone() -> None:
    def work() -> None:
        before = machine.gives_way()
        machine.give_way()
        seen.append((before, machine.gives_way(), os.getpriority(os.PRIO_PROCESS, threading.get_native_id())))

    seen: list[tuple[bool, bool, int]] = []
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [was[:2] for was in seen] == [(False, True)] and seen[0][2] >= own
    assert sys.platform != "linux" or seen[0][2] == 10
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == own and not machine.gives_way()


def test_giving_way_raises_no_priority() -> None:
    code = (
        "import os, threading; from rag.llms.machine import give_way; os.nice(15 - os.nice(0)); give_way();"
        "print(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))"
    )
    assert run_python(code).stdout.strip() == "15"


def test_what_is_still_to_be_loaded_is_not_free(groups: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    put(groups / "proc", "0::/box\n")
    put(groups / "cgroup/box/memory.max", "3000000000")
    put(groups / "cgroup/box/memory.current", "1000000000")
    now, later = machine.facts(on_gpu=False), machine.facts(on_gpu=False, to_come_bytes=500_000_000)
    assert now.memory_bytes - later.memory_bytes == 500_000_000
    assert now.memory_bytes < 2_000_000_000 and now.cores == 8 and not now.on_gpu


def test_limits_are_chosen_for_the_threads_that_the_user_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert machine.facts(on_gpu=False).cores == 3


def test_the_processors_kernel_is_found_as_bitsandbytes_finds_it() -> None:
    from bitsandbytes import functional

    found = machine.has_avx512_bf16()
    assert found is None or found == functional.has_avx512bf16()
