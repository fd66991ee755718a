"""A backup is whole, and what was erased after it was made does not come back with it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import sqlite3
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot import audit, ledger
from bot.cli import main
from bot.cli.kept import DATABASE, MIGRATIONS, ORIGINALS
from bot.cli.restoring import Restored, Wish, restore_backup
from rag.database import Database
from rag.errors import SettingsError, StoreError, StoreTooNew
from rag.snapshots import Manifest, SnapshotBroken, write_snapshot
from tests.scenarios.conftest import DEPOSIT, RENT, House, lease
from tests.scenarios.test_audit import _forget_me
from tests.scenarios.test_deletion import ASKED, CANARY, SECRET


def back_up(house: House, name: str = "backup.tar") -> Path:
    target = house.folder.parent / name
    write_snapshot(target, house.folder / DATABASE, house.folder / ORIGINALS)
    return target


async def put_back(folder: Path, wish: Wish) -> Restored:
    """As the command does it: in a thread without an event loop."""
    return await asyncio.to_thread(restore_backup, folder, wish)


async def restored(house: House, backup: Path, **more: Any) -> Restored:
    """The bot stops, its data is put back, and it starts again."""
    await house.stop_bot()
    done = await put_back(house.folder, Wish(backup, may_replace=True, **more))
    await house.start_bot()
    await house.quiet(60)
    return done


def holds(house: House, text: str) -> bool:
    return text.encode().lower() in house.bytes_on_disk().lower()


async def chain(house: House) -> audit.Verdict:
    assert house.bot is not None
    return await house.bot.records.read(audit.verify)


async def test_a_backup_of_the_running_bot_answers_the_same_on_another_machine(house: House) -> None:
    asked = await house.asked_and_read("ana", "lab", RENT, [lease])
    backup = back_up(house)
    assert backup.stat().st_mode & 0o077 == 0
    await house.stop_bot()
    house.folder = house.folder.parent / "another"
    done = await put_back(house.folder, Wish(backup))
    assert (done.documents, done.questions, done.missing, done.ledger_entries) == (1, 1, 0, None)
    assert (house.folder / "vectors.faiss").exists(), "the index is built again"
    await house.start_bot()
    assert "4,350" in (await house.ask("ben", "lab", DEPOSIT, thread_ts=asked.ts)).text
    assert len(house.replies(asked)) == 2, "nothing is answered twice"
    assert not (await chain(house)).faults


async def test_a_file_erased_after_the_backup_is_erased_again(house: House) -> None:
    asked = await house.asked_and_read("ana", "lab", ASKED, [SECRET])
    await house.asked_and_read("ana", "lab", RENT, [lease])
    backup = back_up(house)
    await house.place.delete_file(asked.files[0])
    await house.quiet()
    assert not holds(house, CANARY)
    done = await restored(house, backup)
    assert done.replayed == 1 and done.is_verified
    assert not holds(house, CANARY) and holds(house, "1,450")
    assert not (await chain(house)).faults


@pytest.mark.slow
async def test_without_a_ledger_what_was_erased_is_back_and_that_is_said(house: House) -> None:
    """What the ledger is for: this is the same as above, without it."""
    asked = await house.asked_and_read("ana", "lab", ASKED, [SECRET])
    backup = back_up(house)
    await house.place.delete_file(asked.files[0])
    await house.quiet()
    await house.stop_bot()
    done = await put_back(house.folder.parent / "another", Wish(backup))
    assert done.ledger_entries is None and done.replayed == 0
    with Database(house.folder.parent / "another" / DATABASE, MIGRATIONS) as database:
        found = database.read(lambda db: db.execute("select body from chunks").fetchall())
    assert CANARY in str(found).lower()


async def test_the_ledger_of_a_lost_machine_is_replayed_on_another(house: House) -> None:
    asked = await house.asked_and_read("ana", "lab", ASKED, [SECRET])
    backup = back_up(house)
    await house.place.delete_file(asked.files[0])
    await house.quiet()
    await house.stop_bot()
    saved = shutil.copy(house.folder / ledger.FILE, house.folder.parent / "saved.jsonl")
    house.folder = house.folder.parent / "another"
    done = await put_back(house.folder, Wish(backup, ledger=Path(saved)))
    assert done.ledger_entries == 1 and done.replayed == 1 and done.is_verified
    assert not holds(house, CANARY)


@pytest.mark.slow
async def test_a_database_that_was_destroyed_is_restored_by_the_ledger_file_alone(house: House) -> None:
    asked = await house.asked_and_read("ana", "lab", ASKED, [SECRET])
    backup = back_up(house)
    await house.place.delete_file(asked.files[0])
    await house.quiet()
    await house.stop_bot()
    (house.folder / DATABASE).write_bytes(b"\xff" * 100_000)
    assert (await put_back(house.folder, Wish(backup, may_replace=True))).replayed == 1
    assert not holds(house, CANARY)


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "how",
    [
        "person",
        "edited",
        *(pytest.param(how, marks=SLOW) for how in ("message", "answer", "forget", "channel")),
    ],
)
async def test_every_way_of_erasing_is_done_again(house: House, how: str) -> None:
    asked = await house.asked_and_read("ben", "lab", f"@inhouse Who is {CANARY}?", [SECRET])
    other = await house.asked_and_read("ana", "office", RENT, [lease])
    backup, team = back_up(house), house.place.team_id
    assert house.bot is not None
    erasures = house.bot._retention._erasures
    if how == "message":
        await house.place.delete_message(asked)
    elif how == "answer":
        from tests.scenarios.test_answer_menu import choose

        await choose(house, "ben", house.replies(asked)[0], "delete")
    elif how == "forget":
        await erasures.forget_file(team, asked.channel, asked.files[0].id)
    elif how == "person":
        await _forget_me(house, "ben")
    elif how == "channel":
        await erasures.forget(team, asked.channel, None)
    else:
        await house.place.change_file(asked.files[0], b"Nothing of that name is in here any more.")
    await house.quiet()
    await house.stop_bot()
    done = await put_back(house.folder, Wish(backup, may_replace=True))
    with Database(house.folder / DATABASE, MIGRATIONS) as database:
        turns = database.read(lambda db: db.execute("select message_ts from turns").fetchall())
        chunks = database.read(lambda db: str(db.execute("select body from chunks").fetchall()))
        keys = database.read(lambda db: [row[0] for row in db.execute("select user from audit_people").fetchall()])
    assert done.replayed >= 1 and done.is_verified
    assert [row[0] for row in turns] == [other.ts]
    assert (CANARY in chunks.lower()) is (how == "answer"), "there only the answer was deleted"
    assert (asked.user in keys) is (how != "person")
    assert "1,450" in chunks


async def test_the_ledger_names_no_person_and_no_text(house: House) -> None:
    asked = await house.asked_and_read("ben", "lab", ASKED, [SECRET])
    await _forget_me(house, "ben")
    text = (house.folder / ledger.FILE).read_text()
    assert len(text.splitlines()) >= 2
    for secret in (asked.user, CANARY, SECRET[0], "Zanzibar"):
        assert secret not in text
    assert (house.folder / ledger.FILE).stat().st_mode & 0o077 == 0


async def test_the_audit_goes_on_where_the_replaced_data_had_it(house: House) -> None:
    await house.asked_and_read("ana", "lab", RENT, [lease])
    backup = back_up(house)
    await house.ask("ben", "lab", RENT)
    before = await chain(house)
    done = await restored(house, backup)
    assert house.bot is not None
    found = await house.bot.records.read(lambda db: audit.verify(db, before.head))
    assert done.audit_rows_kept >= 1 and not found.faults
    ben = await house.bot.records.read(lambda db: audit.shown(db, person=(house.place.team_id, house.users["ben"].id)))
    assert [row["outcome"] for row in ben] == ["answered"]


async def test_a_question_that_waited_when_the_backup_was_made_is_not_answered_twice(house: House) -> None:
    await house.asked_and_read("ana", "lab", "@inhouse", [lease])
    asked = await house.post("ben", "lab", RENT)
    await house.quiet()
    assert house.bot is not None
    await house.bot.records.write(lambda db: _unanswered(db, asked.ts))
    backup = back_up(house)
    await restored(house, backup)
    assert len(house.replies(asked)) == 1


def _unanswered(db: Any, ts: str) -> None:
    """As it was a moment before the question was answered."""
    payload = db.execute("select payload from jobs where kind = 'turn' and key like ?", (f"%/{ts}",)).fetchone()
    assert payload
    turn = next(db.query("select * from turns where message_ts = ?", (ts,)))
    message = {
        **{"team": turn["team"], "channel": turn["channel"], "channel_type": "channel", "user": turn["user"]},
        **{"ts": ts, "thread_ts": None, "text": RENT, "file_ids": []},
    }
    db.execute("delete from turns where message_ts = ?", (ts,))
    body = json.dumps({"message": message, "question": RENT})
    sql = "update jobs set state = 'waiting', attempts = 0, payload = ? where kind = 'turn' and key like ?"
    db.execute(sql, (body, f"%/{ts}"))


# --- what is refused ------------------------------------------------------------------------------


async def test_what_is_there_is_not_replaced_unless_told_nor_under_a_running_bot(house: House) -> None:
    await house.asked_and_read("ana", "lab", RENT, [lease])
    backup = back_up(house)
    with pytest.raises(SettingsError, match="--replace"):
        await put_back(house.folder, Wish(backup))
    with pytest.raises(SettingsError, match="is running"):
        await put_back(house.folder, Wish(backup, may_replace=True))
    with pytest.raises(StoreError, match="already"):
        back_up(house)
    assert "1,450" in (await house.ask("ben", "lab", RENT)).text


def _tampered(backup: Path, how: str) -> None:
    content = bytearray(backup.read_bytes())
    if how == "cut":
        content = content[: len(content) // 2]
    elif how == "flipped":
        content[len(content) // 2] ^= 0xFF
    elif how == "nothing":
        content = bytearray(b"not a backup at all")
    backup.write_bytes(content)


@pytest.mark.parametrize("how", ["flipped", pytest.param("cut", marks=SLOW), pytest.param("nothing", marks=SLOW)])
async def test_a_damaged_backup_is_refused_and_the_data_stays(house: House, how: str) -> None:
    await house.asked_and_read("ana", "lab", RENT, [lease])
    backup = back_up(house)
    _tampered(backup, how)
    await house.stop_bot()
    with pytest.raises(SnapshotBroken):
        await put_back(house.folder, Wish(backup, may_replace=True))
    assert not list(house.folder.glob(".restoring-*"))
    await house.start_bot()
    assert "1,450" in (await house.ask("ben", "lab", RENT)).text


def _made(path: Path, manifest: dict[str, Any], **files: bytes) -> Path:
    import io

    with tarfile.open(path, "w") as tar:
        for name, content in {"manifest.json": json.dumps(manifest).encode(), **files}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    "name", ["../evil", "ABSOLUTE", "originals/../../evil", "originals/aa/bb", ".env", "originals/ab/../x"]
)
def test_no_name_in_a_backup_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    name = name.replace("ABSOLUTE", str(tmp_path / "evil"))
    member = {"sha256": hashlib.sha256(b"evil").hexdigest(), "size_bytes": 4}
    manifest = {"form": 1, "made_at": 1.0, "missing": [], "files": {DATABASE: member, name: member}}
    backup = _made(tmp_path / "made.tar", manifest, **{DATABASE: b"evil", name: b"evil"})
    with pytest.raises(SnapshotBroken):
        restore_backup(tmp_path / "data", Wish(backup))
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path != backup]


def test_a_backup_of_a_newer_version_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with Database(tmp_path / "new" / DATABASE, MIGRATIONS) as database:
        row = {"migration_set": "bot", "name": "m999_later", "applied_at": ""}
        database.write(lambda db: db.table("_sqlite_migrations").insert(row))
    manifest: Manifest = write_snapshot(tmp_path / "b.tar", tmp_path / "new" / DATABASE, tmp_path / "new" / ORIGINALS)
    assert list(manifest.files) == [DATABASE]
    with pytest.raises(StoreTooNew):
        restore_backup(tmp_path / "data", Wish(tmp_path / "b.tar"))
    assert not list((tmp_path / "data").iterdir())


# --- the commands ---------------------------------------------------------------------------------


async def run(house: House, *arguments: str) -> tuple[int, dict[str, Any]]:
    """What a command came to, in the words that a program reads."""
    env = {"INHOUSE_DATA_DIR": str(house.folder)}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", ["inhouse", *arguments, "--json"])
        done = await asyncio.to_thread(CliRunner().invoke, main, sys.argv[1:], env=env)
    assert len(done.stdout.strip().splitlines()) == 1, done.output
    return done.exit_code, json.loads(done.stdout)


async def test_the_commands_say_in_json_what_they_did(house: House) -> None:
    await house.asked_and_read("ana", "lab", RENT, [lease])
    code, made = await run(house, "backup", str(house.folder.parent))
    assert code == 0 and made["ok"] and made["files"] == 2 and Path(made["file"]).exists()
    code, checked = await run(house, "audit", "verify")
    assert code == 0 and checked["ok"] and checked["rows"] == 1
    code, shown = await run(house, "audit", "show", "--person", house.users["ana"].id)
    assert code == 0 and shown["rows"][0]["outcome"] == "answered"
    await house.stop_bot()
    code, done = await run(house, "restore", made["file"], "--replace")
    assert code == 0 and done["ok"] and done["documents"] == 1 and done["replayed"] == 0
    with sqlite3.connect(house.folder / DATABASE) as connection:
        connection.execute("drop trigger audit_no_update")
        connection.execute("update audit set outcome = 'refused' where number = 1")
    connection.close()
    code, checked = await run(house, "audit", "verify")
    assert code == 1 and checked["faults"] == ["row 1: changed"]
