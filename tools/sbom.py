"""The software bill of materials: every package that Inhouse installs, as CycloneDX JSON. Needs no network.

    python tools/sbom.py > sbom.json

Packages, versions and hashes come from the lock files, and PyTorch, which is chosen for the machine, from
pyproject.toml. Written with the standard library alone, and the same bytes for the same locks.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tomllib
import uuid
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "models.lock")
_ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)", re.MULTILINE)


def packages(text: str) -> list[tuple[str, str, list[str]]]:
    """(name, version, sha256 of each file) of a lock file's entries."""
    found = list(_ENTRY.finditer(text))
    ends = [entry.start() for entry in found[1:]] + [len(text)]
    return [
        (entry["name"], entry["version"], re.findall(r"sha256:([0-9a-f]{64})", text[entry.start() : end]))
        for entry, end in zip(found, ends, strict=True)
    ]


def component(name: str, version: str, hashes: list[str]) -> dict[str, Any]:
    """One package. A lock admits several files of it, for several machines: each is a hash of its distribution."""
    purl = f"pkg:pypi/{name.lower().replace('_', '-')}@{version.replace('+', '%2B')}"
    files = [{"type": "distribution", "hashes": [{"alg": "SHA-256", "content": one}], "url": purl} for one in hashes]
    known = {"externalReferences": files} if files else {}
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl, **known}


def bill(folder: Path) -> dict[str, Any]:
    """The bill of the repository in ``folder``."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = [(folder / name).read_text(encoding="utf-8") for name in LOCKS]
    found = {(name, version): hashes for text in texts for name, version, hashes in packages(text)}
    torch = next(each for each in project["dependencies"] if each.startswith("torch=="))
    found.setdefault(("torch", torch.removeprefix("torch==")), [])
    parts = [component(name, version, hashes) for (name, version), hashes in sorted(found.items())]
    serial = uuid.UUID(hashlib.sha256("".join(texts).encode()).hexdigest()[:32], version=4)
    itself = {"type": "application", "bom-ref": "inhouse", "name": "inhouse", "version": project["version"]}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": itself},
        "components": parts,
        "dependencies": [{"ref": "inhouse", "dependsOn": [each["bom-ref"] for each in parts]}],
    }


if __name__ == "__main__":
    json.dump(bill(REPOSITORY), sys.stdout, indent=1)
    sys.stdout.write("\n")
