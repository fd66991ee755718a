"""What the operator has forgotten is gone, what they export is all there is, of one person or conversation alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.cli import main, wiping
from tests.scenarios.conftest import RENT, House, lease
from tests.scenarios.test_backup import holds, run
from tests.scenarios.test_deletion import ASKED, CANARY, SECRET


async def _two_people(house: House) -> tuple[Any, Any]:
    mine = await house.asked_and_read("ben", "lab", ASKED, [SECRET])
    yours = await house.asked_and_read("ana", "lab", RENT, [lease])
    return mine, yours


def _subject(how: str, house: House, message: Any) -> list[str]:
    ids = {"person": message.user, "channel": message.channel, "document": message.files[0].id}
    return [f"--{how}", ids[how]]


@pytest.mark.parametrize(
    ("how", "is_running"),
    [
        ("person", True),
        ("document", False),
        *(
            pytest.param(*each, marks=pytest.mark.slow)
            for each in (("person", False), ("channel", True), ("channel", False), ("document", True))
        ),
    ],
)
async def test_what_is_forgotten_is_gone_from_disk_and_nothing_else(
    house: House, how: str, is_running: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.jobs.RENEW_S", 0.2)
    await house.restart_bot()
    mine, _ = await _two_people(house)
    if not is_running:
        await house.stop_bot()
    code, done = await run(house, "forget", *_subject(how, house, mine))
    assert code == 0 and done["ok"] and done["is_done"] and done["is_verified"]
    assert done["files"] == (2 if how == "channel" else 1)
    assert not holds(house, CANARY)
    assert holds(house, "1,450") is (how != "channel")
    if not is_running:
        await house.start_bot()
    actions = [row["outcome"] for row in await house.rows("select outcome from audit where action = 'forget'")]
    assert actions == [f"operator-{how}"]
    keys = await house.rows("select 1 from audit_people where user = ?", mine.user)
    assert bool(keys) is (how != "person")
    left = (await house.rows("select count(*) as n from turns"))[0]["n"]
    assert left == (0 if how == "channel" else 1)


@pytest.mark.parametrize(
    "how", ["person", *(pytest.param(how, marks=pytest.mark.slow) for how in ("channel", "document"))]
)
async def test_a_dry_run_says_what_would_go_and_changes_nothing(house: House, how: str) -> None:
    mine, _ = await _two_people(house)
    before = [await house.rows(f"select * from {table}") for table in ("turns", "shares", "audit", "erased", "jobs")]
    code, done = await run(house, "forget", *_subject(how, house, mine), "--dry-run")
    assert code == 0 and done["ok"] and not done["is_done"]
    assert done["files"] == (2 if how == "channel" else 1) and done["questions"] == done["files"]
    after = [await house.rows(f"select * from {table}") for table in ("turns", "shares", "audit", "erased", "jobs")]
    assert before == after


async def test_forgetting_what_is_not_known_is_a_sentence(house: House) -> None:
    await _two_people(house)
    code, done = await run(house, "forget", "--document", "F0NOWHERE")
    assert code == 1 and "Nothing of this is known" in done["error"]
    done = CliRunner().invoke(main, ["forget"], env={"INHOUSE_DATA_DIR": str(house.folder)})
    assert done.exit_code == 2 and "Say one of" in done.output


async def test_a_bot_that_does_not_do_its_part_in_time_is_no_success(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, _ = await _two_people(house)
    monkeypatch.setattr(wiping, "WAIT_S", 0.0)
    code, done = await run(house, "forget", "--document", mine.files[0].id)
    assert code == 1 and not done["ok"] and not done["is_verified"]


async def test_an_export_holds_all_of_a_person_and_nothing_of_another(house: House, tmp_path: Path) -> None:
    mine, yours = await _two_people(house)
    reply = house.replies(mine)[0]
    assert house.bot is not None
    await house.place.click(house.users["ben"], house.channels["lab"], reply.ts, "feedback", "up")
    await house.quiet()
    out = tmp_path / "request"
    code, counts = await run(house, "export", "--person", mine.user, "--out", str(out))
    assert code == 0 and (counts["questions"], counts["files"], counts["votes"]) == (1, 1, 1)
    found = json.loads((out / "export.json").read_text())
    assert found["questions"][0]["message_ts"] == mine.ts and CANARY in json.dumps(found).lower()
    assert found["audit"] and yours.ts not in json.dumps(found) and "1,450" not in json.dumps(found)
    assert (out / "files" / mine.files[0].id).read_bytes() == SECRET[1]
    assert [path.stat().st_mode & 0o077 for path in (out, out / "export.json")] == [0, 0]
    code, again = await run(house, "export", "--person", mine.user, "--out", str(out))
    assert code == 1 and "new folder" in again["error"]


async def test_an_export_of_a_conversation_goes_to_standard_output(house: House) -> None:
    mine, yours = await _two_people(house)
    other = await house.asked_and_read("ana", "office", RENT, [lease])
    code, found = await run(house, "export", "--channel", mine.channel)
    assert code == 0 and {each["message_ts"] for each in found["questions"]} == {mine.ts, yours.ts}
    assert other.ts not in json.dumps(found)
