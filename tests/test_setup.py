"""Set-up says what it does, does nothing twice, and is never left half done."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "tools"))  # a script's folder, as when it is run

import installer
import sbom
import setup

LOCKS = ("requirements.lock", "requirements-test.lock", "models.lock")


class FakePip:
    """Remembers what it was asked to install; stops where a test wants set-up cut off."""

    def __init__(self, venv: Path) -> None:
        self.venv = venv
        self.asked: list[tuple[str, bool]] = []
        self.cut_at = ""
        self.versions = ["2.13.0+cpu", "2.13.0"]

    def offered(self, _package: str) -> list[str]:
        return self.versions

    def install(self, *options: str, over: bool = False) -> float:
        if self.cut_at and self.cut_at in Path(options[-1]).name:
            raise KeyboardInterrupt
        self.asked.append((Path(options[-1]).name, over))
        if "--editable" in options:
            (self.venv / "bin" / "inhouse").touch()
        return 1.0


class Installation(setup.Setup):
    """The real stages over a fake pip and a fake environment."""

    def __init__(self, venv: Path, build: str = "cpu", with_tests: bool = False) -> None:
        super().__init__(venv, build, with_tests)
        self.fake = FakePip(venv)

    @property
    def pip(self) -> FakePip:
        return self.fake

    @pip.setter
    def pip(self, _real: object) -> None:
        """The real one is not wanted."""

    def _make_environment(self, _was_cut: bool) -> None:
        self.python.parent.mkdir(parents=True, exist_ok=True)
        self.python.touch()


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    return tmp_path / ".venv"


def test_a_first_set_up_does_every_stage_in_order(venv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    installation = Installation(venv, with_tests=True)
    installation.run()
    names = [name for name, _ in installation.fake.asked]
    assert names == ["requirements.lock", "torch==2.13.0+cpu", "models.lock", "requirements-test.lock", REPOSITORY.name]
    printed = capsys.readouterr().out
    for stage in installation.stages:
        assert re.search(rf"^  {stage.name} +\d+\.\d s", printed, re.MULTILINE), stage.name


def test_a_second_set_up_does_nothing(venv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Installation(venv).run()
    capsys.readouterr()
    again = Installation(venv)
    assert again.left_to_do() == []
    again.run()
    assert again.fake.asked == []
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("cut_at", ["requirements.lock", "torch", "models.lock", REPOSITORY.name])
def test_a_set_up_that_was_cut_off_goes_on_and_writes_the_cut_stage_over(venv: Path, cut_at: str) -> None:
    first = Installation(venv)
    first.fake.cut_at = cut_at
    with pytest.raises(KeyboardInterrupt):
        first.run()
    assert not first.command.exists()
    second = Installation(venv)
    second.run()
    assert cut_at in second.fake.asked[0][0]
    assert [over for _, over in second.fake.asked] == [True] + [False] * (len(second.fake.asked) - 1)
    assert Installation(venv).left_to_do() == []


def test_while_something_changes_nobody_can_run_the_command(venv: Path) -> None:
    Installation(venv).run()
    changed = Installation(venv, build="cuda")
    changed.fake.cut_at = "torch"
    with pytest.raises(KeyboardInterrupt):
        changed.run()
    assert not changed.command.exists()


def test_a_changed_lock_is_installed_and_nothing_else_but_the_project(
    venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Installation(venv).run()
    real = setup._digest
    monkeypatch.setattr(setup, "_digest", lambda name: "new" if name == "models.lock" else real(name))
    changed = Installation(venv)
    changed.run()
    assert [name for name, _ in changed.fake.asked] == ["models.lock", REPOSITORY.name]


def test_test_tools_come_only_when_they_are_wanted(venv: Path) -> None:
    Installation(venv).run()
    assert [stage.name for stage in Installation(venv, with_tests=True).left_to_do()] == ["test tools", "inhouse"]


def test_an_environment_whose_python_is_gone_is_made_anew(venv: Path) -> None:
    installation = Installation(venv)
    installation.run()
    installation.python.unlink()
    assert Installation(venv).left_to_do() != []


def test_damaged_stamps_lead_to_a_new_set_up(venv: Path) -> None:
    installation = Installation(venv)
    installation.run()
    installation.stamps_file.write_text("{", encoding="utf-8")
    assert len(Installation(venv).left_to_do()) == len(installation.stages)


def test_too_little_disk_is_said_before_anything_is_installed(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(setup.NEEDED_GB, "cpu", 10**9)
    installation = Installation(venv)
    with pytest.raises(installer.SetupStopped, match="free disk"):
        installation.run()
    assert installation.fake.asked == []


@pytest.mark.parametrize(
    ("build", "offered", "reachable", "wanted"),
    [
        ("cpu", ["2.13.0+cpu", "2.13.0"], True, ["--no-deps", "torch==2.13.0+cpu"]),
        ("cpu", ["2.13.0"], True, ["--no-deps", "torch==2.13.0+cpu", "--index-url", setup.CPU_INDEX]),
        ("cpu", ["2.13.0"], False, ["torch===2.13.0"]),
        ("cpu", [], False, ["torch===2.13.0"]),
        ("cuda", ["2.13.0+cpu", "2.13.0"], True, ["torch===2.13.0"]),
        ("cuda", ["2.13.0+cu130", "2.13.0"], True, ["torch===2.13.0+cu130"]),
    ],
)
def test_the_build_of_pytorch_fits_the_machine_and_its_size_is_said(
    monkeypatch: pytest.MonkeyPatch, build: str, offered: list[str], reachable: bool, wanted: list[str]
) -> None:
    monkeypatch.setattr(setup, "_reachable", lambda _address: reachable)
    monkeypatch.setattr(sys, "platform", "linux")
    options, words = setup.torch_request(build, offered)
    assert options == wanted
    assert re.search(r"\d\.\d GB", words)


@pytest.mark.parametrize("version", [(2, 7), (3, 10), (3, 15)])
def test_another_python_is_refused_in_a_sentence(version: tuple[int, int]) -> None:
    assert "Python 3.11 to 3.14" in setup.wrong_python(version)


def test_this_python_will_do() -> None:
    assert setup.wrong_python(sys.version_info[:2]) == ""


@pytest.mark.parametrize("name", ["setup.py", "installer.py"])
def test_an_old_python_can_read_the_script_far_enough_to_refuse(name: str) -> None:
    compile_for_3_6 = "import ast, sys; ast.parse(sys.stdin.read(), feature_version=(3, 6))"
    text = (REPOSITORY / "tools" / name).read_text(encoding="utf-8")
    subprocess.run([sys.executable, "-c", compile_for_3_6], input=text, text=True, check=True)
    assert "from __future__ import annotations" not in text


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("WARNING: Location 'file:///x/' is ignored: it is neither a file nor a directory.", ""),
        ("Collecting numpy", ""),
        ("  Downloading scipy-1.17.1-cp311.whl (35.6 MB)", "downloading scipy (36 MB)"),
        ("  Downloading idna-3.20-py3-none-any.whl (70 kB)", ""),
        ("ERROR: No matching distribution found for torch", "ERROR: No matching distribution"),
        ("WARNING: Retrying (Retry(total=4)) after connection broken", "Retrying"),
    ],
)
def test_of_pips_words_errors_and_large_downloads_are_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, line: str, shown: str
) -> None:
    with (tmp_path / "log").open("w", encoding="utf-8") as log:
        installer._pass_on(line, log)
    printed = capsys.readouterr().out
    assert shown in printed
    assert bool(shown) == bool(printed)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_every_package_with_hashes_and_names_no_address(lock: str) -> None:
    text = (REPOSITORY / lock).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z])", text.split("\n", 1)[1].strip())
    assert all(re.match(r"[a-z0-9-]+==\S+", entry) and "--hash=sha256:" in entry for entry in entries)
    assert "://" not in text
    assert not re.search(r"^(torch|triton|nvidia-|cuda-)", text, re.MULTILINE)


def test_the_locks_hold_what_the_project_pins() -> None:
    """After a change of pyproject.toml: `make lock`."""
    pinned = re.findall(r'^  "([A-Za-z-]+==[\w.]+)"', (REPOSITORY / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    locked = "".join((REPOSITORY / lock).read_text(encoding="utf-8") for lock in LOCKS).lower()
    assert len(pinned) > 20
    assert [pin for pin in pinned if not pin.startswith("torch==") and f"{pin.lower()} " not in locked] == []


def test_pip_keeps_the_machines_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CERT", "/a/certificate")
    monkeypatch.setenv("PIP_USER", "1")
    environment = installer._environment()
    assert environment["PIP_CERT"] == "/a/certificate"
    assert environment["PIP_USER"] == "0"


def test_a_second_set_up_waits_for_the_first(capfd: pytest.CaptureFixture[str]) -> None:
    with setup._only_one_setup():
        script = "import sys; sys.path.insert(0, 'tools'); import setup\nwith setup._only_one_setup(): print('done')"
        second = subprocess.Popen([sys.executable, "-c", script], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
        assert second.stdout is not None
        assert "waiting" in second.stdout.readline()
        assert second.poll() is None
    assert second.communicate()[0] == "done\n"


# --- what operators run -------------------------------------------------------------------------------


def test_the_bill_of_materials_names_every_locked_package_with_its_hashes() -> None:
    bill = sbom.bill(REPOSITORY)
    known = {(part["name"], part["version"]): part for part in bill["components"]}
    locked = [one for name in sbom.LOCKS for one in sbom.packages((REPOSITORY / name).read_text())]
    assert len(locked) > 80 and len(known) == len(locked) + 1, "the locked packages, and PyTorch"
    assert all(known[name, version].get("externalReferences") for name, version, _ in locked)
    assert known["torch", "2.13.0"]["purl"] == "pkg:pypi/torch@2.13.0"
    assert bill == sbom.bill(REPOSITORY) and bill["bomFormat"] == "CycloneDX"


def test_the_service_file_is_one_that_systemd_accepts(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    text = (REPOSITORY / "tools" / "inhouse.service").read_text()
    unit = tmp_path / "inhouse.service"  # with a command and a user that exist on this machine
    text = text.replace("/opt/inhouse/.venv/bin/inhouse run", "/bin/true").replace("=inhouse\n", "=root\n")
    unit.write_text(text.replace("StateDirectory=root", "StateDirectory=inhouse"))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "inhouse.service" not in done.stderr, done.stderr


def test_no_token_stands_in_the_services_environment_or_its_command() -> None:
    lines = (REPOSITORY / "tools" / "inhouse.service").read_text().splitlines()
    assert not [line for line in lines if "TOKEN=" in line or re.search(r"xox|xapp", line)]
    assert "NoNewPrivileges=yes" in lines and "ProtectSystem=strict" in lines and "User=inhouse" in lines
