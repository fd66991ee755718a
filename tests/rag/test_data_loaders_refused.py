"""What bad input gets: one specific sentence, never a crash, never silence."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from rag.data_loaders import Limits, parse_file, process
from rag.data_loaders.encoding import decode
from rag.errors import (
    BrokenFile,
    EmptyFile,
    EncryptedFile,
    FileError,
    FileTooLarge,
    NoTextFound,
    ParserStopped,
    UnsupportedFile,
)
from tests.rag import made_files


def refusal(folder: Path, name: str, content: bytes, limits: Limits | None = None) -> FileError:
    with pytest.raises(FileError) as caught:
        parse_file(made_files.put(folder, name, content), name, limits)
    return caught.value


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512


@pytest.mark.parametrize(
    ("name", "content", "kind", "words"),
    [
        ("report.pdf", b"MZ\x90\0" + b"\0" * 200, UnsupportedFile, "a program"),
        ("report.pdf", b"\x7fELF" + b"\0" * 200, UnsupportedFile, "a program"),
        ("photo.pdf", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, UnsupportedFile, "a picture"),
        ("photo.docx", b"\xff\xd8\xff\xe0" + b"\0" * 50, UnsupportedFile, "a picture"),
        ("logo.svg", b'<?xml version="1.0"?><svg xmlns="x"><text>t</text></svg>', UnsupportedFile, "a picture"),
        ("talk.mp4", b"\0\0\0\x18ftypmp42" + b"\0" * 50, UnsupportedFile, "sound or video"),
        ("talk.txt", b"RIFF\0\0\0\0WAVE", UnsupportedFile, "sound or video"),
        ("old.doc", OLE + "WordDocument".encode("utf-16-le"), UnsupportedFile, "save it as .docx"),
        ("old.xls", OLE + "Workbook".encode("utf-16-le"), UnsupportedFile, "save it as .xlsx"),
        ("old.ppt", OLE + "PowerPoint Document".encode("utf-16-le"), UnsupportedFile, "save it as .pptx"),
        ("secret.docx", OLE + "EncryptedPackage".encode("utf-16-le"), EncryptedFile, "password"),
        ("a.zip", made_files.packed({"a.txt": "x"}), UnsupportedFile, "unpack it"),
        ("a.tar.gz", b"\x1f\x8b\x08" + b"\0" * 50, UnsupportedFile, "unpack it"),
        ("a.rtf", b"{\\rtf1 Hello}", UnsupportedFile, ".rtf"),
        (
            "a.odt",
            made_files.packed({"mimetype": "application/vnd.oasis.opendocument.text"}),
            UnsupportedFile,
            "OpenDocument text; save it as .docx",
        ),
        ("noise.bin", bytes((n * 7919 + n // 256) % 256 for n in range(5000)), UnsupportedFile, "not read"),
        ("empty.pdf", b"", EmptyFile, "empty"),
        ("blank.txt", b" \n\t " * 100, EmptyFile, "no words"),
        ("half.pdf", made_files.pdf([["Text."]])[:150], BrokenFile, "damaged"),
        ("half.docx", made_files.docx("<w:p/>")[:300], BrokenFile, "damaged"),
        ("notes.pdf", b"<html><body>Sign in</body></html>", BrokenFile, "named .pdf but holds a web page"),
        ("notes.docx", b"Just some words.", BrokenFile, "named .docx but holds plain text"),
        ("scan.pdf", made_files.pdf([[], []]), NoTextFound, "scanned"),
        ("pictures.docx", made_files.docx("<w:p/>"), NoTextFound, "no text"),
    ],
)
def test_is_refused_with_a_specific_sentence(
    tmp_path: Path, name: str, content: bytes, kind: type[FileError], words: str
) -> None:
    error = refusal(tmp_path, name, content)
    assert type(error) is kind
    assert words in error.user_message
    assert error.user_message.endswith(".")
    assert "Traceback" not in error.user_message
    assert str(tmp_path) not in str(error)


def test_pdf_with_a_password_is_refused(tmp_path: Path) -> None:
    writer = PdfWriter(PdfReader(io.BytesIO(made_files.pdf([["Secret."]]))))
    writer.encrypt(user_password="secret", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    assert type(refusal(tmp_path, "a.pdf", out.getvalue())) is EncryptedFile


def test_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    bomb = made_files.packed({"[Content_Types].xml": "<a/>", "word/document.xml": b"0" * 20_000_000})
    error = refusal(tmp_path, "a.docx", bomb)
    assert type(error) is FileTooLarge
    assert "zip bomb" in error.user_message


def test_archive_that_lies_about_its_sizes_is_refused(tmp_path: Path) -> None:
    """The directory says 10 bytes, the entry unpacks to 20 million."""
    honest = made_files.docx(f"<w:p><w:r><w:t>{'a' * 20_000_000}</w:t></w:r></w:p>")
    with zipfile.ZipFile(io.BytesIO(honest)) as archive:
        size = archive.getinfo("word/document.xml").file_size
    liar = honest.replace(struct.pack("<L", size), struct.pack("<L", 10))
    assert type(refusal(tmp_path, "a.docx", liar)) is BrokenFile


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_xml_entities_are_refused_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    part = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'.encode(encoding)
    with zipfile.ZipFile(io.BytesIO(made_files.docx("<w:p/>"))) as archive:
        types = archive.read("[Content_Types].xml")
    error = refusal(tmp_path, "a.docx", made_files.packed({"[Content_Types].xml": types, "word/document.xml": part}))
    assert "XML entities" in error.user_message


def test_archive_with_unsafe_paths_or_too_many_parts_is_refused(tmp_path: Path) -> None:
    assert "unsafe paths" in refusal(tmp_path, "a.docx", made_files.packed({"../../etc/passwd": "x"})).user_message
    many = made_files.packed({f"{n}.xml": "" for n in range(2001)})
    assert type(refusal(tmp_path, "b.docx", many)) is FileTooLarge


def test_file_over_the_size_limit_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, "a.txt", b"word " * 1_000_000, Limits(size_bytes=1_000_000))
    assert type(error) is FileTooLarge


def test_damage_after_the_first_part_keeps_what_was_read(tmp_path: Path) -> None:
    from rag.data_loaders.reading import Reading, collect
    from rag.types import Block, Location

    def found():  # type: ignore[no-untyped-def]
        yield Block("Good.", Location(page=1))
        raise ValueError("a reader's own trouble")

    parsed = collect(Reading(tmp_path, "pdf"), found())
    assert [block.text for block in parsed.blocks] == ["Good."]
    assert parsed.notes == ("The file is damaged; it was read only in part, up to page 1.",)


# --- encodings --------------------------------------------------------------------------------

GERMAN = "Die Prüfung kostet 37 €, das Gerät läuft “früh” und günstig für Müller."


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (GERMAN.encode("utf-8"), GERMAN),
        (GERMAN.encode("utf-8-sig"), GERMAN),
        (GERMAN.encode("utf-16"), GERMAN),
        (GERMAN.encode("utf-16-be"), GERMAN),
        (GERMAN.encode("utf-16-le"), GERMAN),
        (GERMAN.encode("utf-32"), GERMAN),
        (GERMAN.encode("cp1252"), GERMAN),
        (b"caf\xe9 cr\xe8me \xe0 la carte", "café crème à la carte"),
        ("会議は三月五日です。場所は東京です。".encode("shift_jis"), "会議は三月五日です。場所は東京です。"),
        (
            "Однажды, в студеную зимнюю пору, Я из лесу вышел; был сильный мороз.".encode("cp1251"),
            "Однажды, в студеную зимнюю пору, Я из лесу вышел; был сильный мороз.",
        ),
        (b"before\x00\x00after", "beforeafter"),
        (b"one\rtwo\r\nthree", "one\ntwo\nthree"),
        ("cut in the middle of ü".encode()[:-1], "cut in the middle of "),
    ],
)
def test_text_is_read_in_its_encoding(data: bytes, text: str) -> None:
    assert decode(data) == text


# --- the process ------------------------------------------------------------------------------


def confined(code: str, limits: str = "") -> subprocess.CompletedProcess[str]:
    """Run code in a process that has locked itself up as the reader does."""
    setup = "from rag.data_loaders.sandbox import confine; from rag.data_loaders.limits import Limits\n"
    setup += f"confine(Limits({limits}))\n"
    return subprocess.run([sys.executable, "-B", "-c", setup + code], capture_output=True, text=True, timeout=60)


@pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux's")
@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; socket.socket()",
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import os; os.fork()",
        "import os; os.execv('/bin/true', ['/bin/true'])",
        "import subprocess; subprocess.run(['/bin/true'])",
        "import os; os.posix_spawn('/bin/true', ['/bin/true'], {})",
        "import os; os.kill(os.getppid(), 0)",
        "open('/tmp/inhouse-must-not-exist', 'w')",
        "import os; os.open('/dev/shm/inhouse-must-not-exist', os.O_CREAT | os.O_RDWR)",
        "import os; os.unlink('/tmp/nothing-here')",
        "import os; os.rename('/tmp/nothing-here', '/tmp/nothing-there')",
        "import os; os.truncate('/tmp/nothing-here', 0)",
        "import os; os.mkdir('/tmp/inhouse-must-not-exist')",
        "import threading; threading.Thread(target=print).start()",
    ],
)
def test_the_reading_process_can_do_nothing_but_read(attempt: str) -> None:
    done = confined(attempt)
    assert done.returncode != 0
    assert "PermissionError" in done.stderr or "can't start new thread" in done.stderr
    assert not Path("/tmp/inhouse-must-not-exist").exists()


def test_the_reading_process_can_read() -> None:
    done = confined("print(open('/etc/hostname').readable(), len(bytearray(10_000_000)))")
    assert (done.stdout, done.stderr) == ("True 10000000\n", "")


def test_processor_time_and_memory_are_bounded() -> None:
    busy = "import time\nwhile time.process_time() < 6: pass"
    assert confined(busy, "cpu_s=1").returncode in (-24, -9)  # SIGXCPU, SIGKILL
    assert "MemoryError" in confined("bytearray(2_000_000_000)").stderr


def test_the_reading_process_gets_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INHOUSE_BOT_TOKEN", "xoxb-secret")
    assert set(process.ENVIRONMENT) <= {"PATH", "LANG", "PYTHONUTF8", "PYTHONPATH", "OPENBLAS_NUM_THREADS"}
    code = "import os; print(sorted(os.environ))"
    done = subprocess.run([sys.executable, "-c", code], env=process.ENVIRONMENT, capture_output=True, text=True)
    assert "INHOUSE" not in done.stdout


def test_the_reading_process_is_started_without_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is listed above is also what it gets: none of the bot's own variables besides."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    monkeypatch.setattr(
        process, "_COMMAND", [sys.executable, "-c", "import json, os; print(json.dumps([*os.environ]))"]
    )
    said: list[list[str]] = []
    process.run_child({"path": made_files.put(tmp_path, "a.txt", b"Words.")}, Limits(), said.append)  # type: ignore[arg-type]
    assert set(said[0]) <= {*process.ENVIRONMENT, "LC_CTYPE"}  # the last one Python sets by itself


def test_a_reader_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    error = refusal(tmp_path, "a.txt", b"Some words.", Limits(wall_s=0.01))
    assert type(error) is ParserStopped
    assert "more time or memory" in error.user_message


def test_a_reader_without_enough_memory_is_stopped(tmp_path: Path) -> None:
    error = refusal(tmp_path, "a.txt", b"words " * 20_000_000, Limits(memory_bytes=250_000_000))
    assert type(error) is ParserStopped


def test_a_reader_that_says_too_much_is_stopped(tmp_path: Path) -> None:
    error = refusal(tmp_path, "a.txt", b"words " * 100_000, Limits(output_bytes=100_000))
    assert type(error) is FileTooLarge


def test_a_reader_that_is_killed_leaves_an_error_and_no_process(tmp_path: Path) -> None:
    import psutil

    def readers() -> list[psutil.Process]:
        return [child for child in psutil.Process().children() if "rag.data_loaders.child" in child.cmdline()]

    path = made_files.put(tmp_path, "a.pdf", made_files.pdf([[f"Line {n} of text." for n in range(50)]] * 400))
    with pytest.raises(ParserStopped):
        parse_file(path, path.name, progress=lambda _done, _total, _kind: [child.kill() for child in readers()])
    assert readers() == []


def test_a_caller_that_gives_up_leaves_no_process(tmp_path: Path) -> None:
    import psutil

    class GaveUp(Exception):
        pass

    def give_up(_done: int, _total: int, _kind: str) -> None:
        raise GaveUp

    path = made_files.put(tmp_path, "a.pdf", made_files.pdf([["Text."]] * 400))
    with pytest.raises(GaveUp):
        parse_file(path, path.name, progress=give_up)
    assert not [child for child in psutil.Process().children() if "rag.data_loaders.child" in child.cmdline()]


def test_reading_starts_quickly_because_it_imports_only_its_own_library() -> None:
    code = "import sys, rag.data_loaders.child, rag.data_loaders.text; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"torch", "pypdf", "pypdfium2", "docx", "pptx", "openpyxl", "lxml", "numpy", "asyncio"}
    assert not heavy & set(done.stdout.split())


@pytest.mark.parametrize("name", ["deep.html", "deep.docx"])
def test_what_nests_thousands_deep_leads_to_text_or_a_clear_sentence(tmp_path: Path, name: str) -> None:
    if name == "deep.html":
        content = b"<div>" * 50_000 + b"The rent is 5 euros." + b"</div>" * 50_000
    else:
        inside = "<w:p><w:r><w:t>The rent is 5 euros.</w:t></w:r></w:p>"
        content = made_files.docx("<w:tbl><w:tr><w:tc>" * 3000 + inside + "</w:tc></w:tr></w:tbl>" * 3000)
    path = tmp_path / name
    path.write_bytes(content)
    try:
        assert "5 euros" in parse_file(path, name).blocks[0].text
    except FileError as error:
        assert error.user_message.endswith(".")


def test_a_picture_that_claims_too_many_pixels_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    from rag.data_loaders import pictures

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    path = tmp_path / "huge.png"
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""))
    with pytest.raises(UnsupportedFile) as refused:
        pictures._opened(path)
    assert refused.value.detail == "too many pixels"
