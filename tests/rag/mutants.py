"""Thousands of broken files made from real ones, read one by one: does each lead to text or to one clear sentence?

A mutant is broken where its format is: a part of an archive changed, dropped or said twice, a number or an attribute
of its XML, a PDF's objects, lengths and table of places; any file is cut off, has bits flipped, or another encoding.
``python -m tests.rag.mutants --count 2000`` reads every file of the collection and as many mutants as it is told.
"""

from __future__ import annotations

import io
import json
import os
import random
import re
import resource
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click

from rag.data_loaders import Limits, parse_file
from rag.errors import FileError

DATA = Path(os.environ.get("INHOUSE_DATA", Path(__file__).parents[3] / "shared" / "data"))  # as in conftest
NUMBERS = (b"0", b"-1", b"65536", b"2147483648", b"99999999999999999999", b"1e999", b"NaN", b"")
SMALL_BYTES = 300_000  # of a file to be broken: most are smaller, and a large one costs as much as ten

Change = Callable[[bytes, random.Random], bytes]


def cut(content: bytes, chance: random.Random) -> bytes:
    """The file ends early."""
    return content[: chance.randrange(1, max(2, len(content)))]


def flip(content: bytes, chance: random.Random) -> bytes:
    """Some bits are the other way round."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 4, 32))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def repeat(content: bytes, chance: random.Random) -> bytes:
    """A stretch stands there twice, or many times."""
    start = chance.randrange(len(content))
    stretch = content[start : start + chance.choice((16, 512, 8192))]
    return content[:start] + stretch * chance.choice((2, 50)) + content[start:]


def recode(content: bytes, chance: random.Random) -> bytes:
    """Read in one encoding and written in another."""
    text = content.decode(chance.choice(("utf-8", "latin-1", "cp1252")), errors="replace")
    return text.encode(chance.choice(("utf-16", "utf-16-be", "utf-32", "utf-7", "cp037")), errors="replace")


def renumber(content: bytes, chance: random.Random) -> bytes:
    """One number is another one."""
    found = list(re.finditer(rb"\d+", content))
    if not found:
        return flip(content, chance)
    at = chance.choice(found)
    return content[: at.start()] + chance.choice(NUMBERS) + content[at.end() :]


def attribute(content: bytes, chance: random.Random) -> bytes:
    """One attribute of an XML part is gone, or holds something else."""
    found = list(re.finditer(rb'\s[\w:]+="([^"]*)"', content))
    if not found:
        return renumber(content, chance)
    at = chance.choice(found)
    if chance.random() < 0.3:
        return content[: at.start()] + content[at.end() :]
    value = chance.choice((*NUMBERS, b"../../../etc/passwd", b"rId999", b"A" * 5000, "\u202e\ud7ff".encode()))
    return content[: at.start(1)] + value + content[at.end(1) :]


def element(content: bytes, chance: random.Random) -> bytes:
    """One element of an XML part is left open, said again, or nested deeply."""
    found = list(re.finditer(rb"<[\w:]+[^<>]*>", content))
    if not found:
        return flip(content, chance)
    at = chance.choice(found)
    times = chance.choice((0, 2, 2000))
    return content[: at.start()] + at.group() * times + content[at.end() :]


def archive(content: bytes, chance: random.Random) -> bytes:
    """A part of a ZIP archive is changed, dropped, said twice, or swapped with another."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as old:
            parts = [(name, old.read(name)) for name in old.namelist()[:200]]
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError, EOFError):
        return flip(content, chance)
    if not parts:
        return flip(content, chance)
    place = chance.randrange(len(parts))
    name, body = parts[place]
    way = chance.choice(("change", "change", "change", "change", "drop", "twice", "swap", "rename"))
    if way == "drop":
        del parts[place]
    elif way == "twice":
        parts.append((name, body[: len(body) // 2]))
    elif way == "swap":
        parts[place] = (name, parts[chance.randrange(len(parts))][1])
    elif way == "rename":
        parts[place] = (chance.choice(("../" + name, "/" + name, name.upper(), name + "\x00")), body)
    elif body:
        parts[place] = (name, chance.choice((attribute, attribute, element, renumber, cut, flip, recode))(body, chance))
    made = io.BytesIO()
    with (
        warnings.catch_warnings(),
        zipfile.ZipFile(made, "w", chance.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))) as new,
    ):
        warnings.simplefilter("ignore")  # that a part stands there twice is meant
        for each, text in parts:
            new.writestr(zipfile.ZipInfo(each.replace("\x00", "_")), text)
    return made.getvalue()


def pdf(content: bytes, chance: random.Random) -> bytes:
    """An object, a length, a reference or the table of places of a PDF is another one."""
    pattern = chance.choice(
        (
            rb"\d+ 0 obj",
            rb"/Length \d+",
            rb"\d+ 0 R",
            rb"startxref\s+\d+",
            rb"\d{10} \d{5} [nf]",
            rb"/[A-Z]\w+",
            rb"endobj",
        )
    )
    found = list(re.finditer(pattern, content))
    if not found:
        return renumber(content, chance)
    at, other = chance.choice(found), chance.choice(found)
    new = chance.choice((renumber(at.group(), chance), other.group(), b""))
    return content[: at.start()] + new + content[at.end() :]


def ways_for(content: bytes) -> tuple[Change, ...]:
    """How a file can be broken, those of its format more often."""
    every = (cut, flip, repeat)
    if content.startswith(b"PK"):
        return (archive,) * 6 + every
    if b"%PDF" in content[:1024]:
        return (pdf,) * 6 + every
    if content.lstrip()[:1] == b"<":
        return (attribute, element, renumber, recode, *every)
    return (recode, renumber, *every)


def mutants(files: list[Path], count: int, seed: int) -> Iterator[tuple[Path, str, bytes]]:
    """(the file it was made from, what was done, the bytes)."""
    chance = random.Random(seed)
    small = [path for path in files if 0 < path.stat().st_size <= SMALL_BYTES]
    for _ in range(count):
        path = chance.choice(small)
        content = path.read_bytes()
        way = chance.choice(ways_for(content))
        yield path, way.__name__, way(content, chance)


def bad_files(data: Path = DATA) -> list[Path]:
    """The collection, in the order of its manifest."""
    lines = (data / "badfiles" / "MANIFEST.jsonl").read_text().splitlines()
    return [data / "badfiles" / json.loads(line)["file"] for line in lines]


def _peak_mib() -> float:
    """Of the largest child that this process ever had."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


@dataclass
class Outcomes:
    """What came of all files that were read."""

    read: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    largest_mib: float = 0.0  # memory of the largest reading process, if larger than every child before
    before_mib: float = field(default_factory=_peak_mib)  # of children that are none of ours

    def take(self, path: Path, name: str, about: str) -> None:
        """Read one file as an upload would be read."""
        self.read += 1
        started = time.perf_counter()
        try:
            parsed = parse_file(path, name, Limits(scanned_pages=0))
            kind = "text" if any(block.text.strip() for block in parsed.blocks) else "nothing"
            is_clear = kind == "text"
        except FileError as error:
            kind = type(error).__name__
            is_clear = error.user_message.endswith(".") and "\n" not in error.user_message
            is_clear &= "Traceback" not in error.user_message and str(path.parent) not in error.user_message
        except Exception as error:
            kind, is_clear = f"raised {type(error).__name__}", False
        seconds = time.perf_counter() - started
        self.slowest_s = max(self.slowest_s, seconds)
        self.kinds[kind] += 1
        if not is_clear:
            self.wrong.append(f"{about}: {kind}")
        if (peak := _peak_mib()) > self.before_mib:
            self.largest_mib = peak


def outcomes(
    files: list[Path], count: int, seed: int, *, with_files: bool = True, minutes: float = 60 * 24
) -> Outcomes:
    """Read the files, if so wished, and ``count`` mutants of them."""
    found, ends = Outcomes(), time.monotonic() + 60 * minutes
    for path in files if with_files else ():
        found.take(path, path.name, path.name)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "mutant"
        for number, (path, way, content) in enumerate(mutants(files, count, seed)):
            if time.monotonic() > ends:
                break
            place.write_bytes(content)
            found.take(place, path.name, f"{path.name} {way} #{number}")
    return found


@click.command()
@click.option("--count", default=2000)
@click.option("--seed", default=3)
@click.option("--files/--no-files", "with_files", default=True, help="The collection itself too.")
@click.option("--minutes", default=60.0 * 24, help="Stop after these, however many mutants that was.")
def main(count: int, seed: int, with_files: bool, minutes: float) -> None:
    """Read, and print what was counted and everything that was not clear."""
    started = time.perf_counter()
    found = outcomes(bad_files(), count, seed, with_files=with_files, minutes=minutes)
    figures = {"read": found.read, "kinds": dict(found.kinds), "wrong": len(found.wrong)}
    figures |= {"slowest_s": round(found.slowest_s, 1), "largest_mib": round(found.largest_mib)}
    click.echo(json.dumps(figures | {"seconds": round(time.perf_counter() - started)}))
    for each in found.wrong[:30]:
        click.echo(each)


if __name__ == "__main__":
    main()
