"""The log holds ids, numbers, codes and places, at every level and of every library: no text, no name, no token."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bot import logs
from rag.errors import BrokenFile, StoreError
from tests.conftest import REPOSITORY
from tests.scenarios.conftest import RENT, House, lease, until
from tests.scenarios.test_audit import _forget_me
from tests.scenarios.test_commands import _private, _slash

WORDS = {
    "question": "quellwolke",
    "follow-up": "farnpfote",
    "file text": "zimtlaterne",
    "file name": "moosbriefe",
    "answer": "nebelkorn",
    "display name": "tuschfeder",
    "error": "kieselton",
    "comment": "salzharfe",
}


@dataclass
class Captured:
    """What the product's handler wrote, and what a plain one would have written."""

    discreet: io.StringIO
    plain: io.StringIO

    def leaks(self, *secrets: str) -> list[str]:
        """Which secrets stand in what was written."""
        text = self.discreet.getvalue().lower()
        return [secret for secret in secrets if secret.lower() in text]


@pytest.fixture
def captured() -> Iterator[Captured]:
    """Every logger at DEBUG into both."""
    found = Captured(io.StringIO(), io.StringIO())
    discreet, plain = logging.StreamHandler(found.discreet), logging.StreamHandler(found.plain)
    discreet.setFormatter(logs.Discreet())
    root, handlers = logging.getLogger(), (discreet, plain)
    levels = {logger: logger.level for logger in _loggers()}
    for handler in handlers:
        root.addHandler(handler)
    for logger in levels:
        logger.setLevel(logging.DEBUG)
    try:
        yield found
    finally:
        for handler in handlers:
            root.removeHandler(handler)
        for logger, level in levels.items():
            logger.setLevel(level)


def _loggers() -> list[logging.Logger]:
    named = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
    return [logging.getLogger(), *named]


async def test_no_word_name_or_token_is_in_the_log_whatever_happens(
    empty_house: House, captured: Captured, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = empty_house
    house.users["dora"] = await house.place.add_user(WORDS["display name"])
    house.channels["den"] = await house.place.add_channel("den", house.users.values())
    await house.start_bot()
    for logger in _loggers():  # those that came with the bot
        logger.setLevel(logging.DEBUG)
    await _ordinary_day(house)
    await _bad_day(house, monkeypatch)
    secrets = [*WORDS.values(), house.place.bot_token, house.place.app_token]
    written = captured.plain.getvalue().lower()
    seen = [secret for secret in secrets if secret.lower() in written]
    assert {WORDS[name] for name in ("question", "answer", "file name", "error")} <= set(seen), "nothing was at stake"
    assert not captured.leaks(*secrets)
    out, err = capfd.readouterr()
    assert not [secret for secret in secrets if secret in out + err]
    assert len(re.findall(r"turn=\S+ kind=turn outcome=answered", captured.discreet.getvalue())) >= 2


async def _ordinary_day(house: House) -> None:
    """Files, questions, a follow-up, a refusal, private answers, votes, an edit, deletions, forgetting."""
    text = f"{lease[1].decode()}\nThe {WORDS['file text']} is paid by {WORDS['answer']}, says the contract.\n"
    files = [(f"{WORDS['file name']}.txt", text.encode()), (f"{WORDS['file name']}.pdf", b"%PDF-1.7 nothing")]
    question = f"@inhouse Who pays the {WORDS['file text']}, {WORDS['question']}?"
    asked = await house.asked_and_read("dora", "den", question, files)
    await house.ask("ana", "den", f"@inhouse And the deposit, {WORDS['follow-up']}?", thread_ts=asked.ts)
    await house.ask("ben", "den", f"@inhouse Who won the {WORDS['question']} cup?", thread_ts=asked.ts)
    await _slash(house, "ana", "/ask", f"Who pays the {WORDS['file text']}?", "den")
    await _private(house, "ana", WORDS["answer"])
    await _slash(house, "ana", "/inhouse", "files", "den")
    await _slash(house, "ana", "/inhouse", f"frobnicate {WORDS['question']}", "den")
    room = await house.open_dm("dora")
    await house.asked_and_read("dora", room, f"Who pays the {WORDS['file text']}, {WORDS['question']}?", files[:1])
    await house.place.click(
        house.users["dora"], house.channels["den"], house.replies(asked)[0].ts, "menu", "regenerate"
    )
    await house.quiet()
    await house.place.edit(asked, f"{question} Please, {WORDS['follow-up']}.")
    await house.quiet()
    await house.place.delete_file(asked.files[0])
    await house.quiet()
    await _forget_me(house, "dora", "den")
    await house.restart_bot()


async def _bad_day(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack fails, a model breaks off, the database fails; each error quotes what it failed on."""
    for method in ("chat.postMessage", "chat.startStream", "reactions.add", "assistant.threads.setStatus"):
        house.place.fault(method, error="internal_error", times=1)
    await house.asked_and_read("ben", "den", f"{RENT} {WORDS['question']}", [lease])
    words = f"near '{WORDS['error']}' in {WORDS['question']}: {house.place.bot_token}"
    for problem in (
        RuntimeError(words),
        sqlite3.OperationalError(words),
        StoreError(detail=words),
        BrokenFile(words, detail=words),
        ExceptionGroup(words, [ValueError(words), KeyError(words)]),
        _chained(words),
    ):

        async def broken(*_: Any, problem: BaseException = problem, **__: Any) -> None:
            raise problem

        with monkeypatch.context() as patched:
            patched.setattr("bot.turns.Turns._turn", broken)
            await house.done(await house.post("ben", "den", f"{RENT} {WORDS['question']}"), 60)
    asyncio.get_running_loop().call_exception_handler({"message": words, "exception": RuntimeError(words)})
    await until(_soon)


async def _soon() -> bool:
    return True


def _chained(words: str) -> Exception:
    try:
        try:
            raise ValueError(words)
        except ValueError as error:
            raise StoreError(detail=words) from error
    except StoreError as error:
        return error


# --- the formatter by itself ------------------------------------------------------------------------


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.Discreet())
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


@pytest.mark.parametrize(
    "token", ["xoxb-1-2-abc", "xoxp-1-a", "xapp-1-A0-1-ff", "xoxe.xoxp-1-Mi", "xoxe-1-My", "xoxa-2-x", "xwfp-abc"]
)
def test_a_token_is_taken_out_also_of_our_own_lines(written: io.StringIO, token: str) -> None:
    logging.getLogger("bot.x").error("refused: %s, Authorization: Bearer %s.", token, token)
    assert token not in written.getvalue() and "refused: (a token)" in written.getvalue()


def test_of_a_library_only_the_place_is_written(written: io.StringIO) -> None:
    logging.getLogger("slack_bolt.x").error("body %s", WORDS["question"])
    logging.getLogger("bottom").error("body %s", WORDS["question"])
    assert WORDS["question"] not in written.getvalue()
    assert written.getvalue().count("(withheld) at test_logs:") == 2


def test_an_exception_is_written_by_type_and_place(written: io.StringIO) -> None:
    try:
        raise _chained(WORDS["error"])
    except StoreError:
        logging.getLogger("bot.x").exception("broke off")
    text = written.getvalue()
    assert WORDS["error"] not in text
    assert "rag.errors.StoreError" in text and "builtins.ValueError" in text and "in _chained" in text


def test_a_line_that_cannot_be_formatted_prints_no_arguments() -> None:
    record = logging.LogRecord("bot.x", logging.ERROR, __file__, 1, "%d", (WORDS["question"],), None)
    text = logs.Discreet().format(record)
    assert "not to be formatted" in text and WORDS["question"] not in text


def test_what_nobody_catches_is_written_without_its_message(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for module, name in ((sys, "excepthook"), (threading, "excepthook"), (sys, "unraisablehook")):
        monkeypatch.setattr(module, name, getattr(module, name))  # put back afterwards
    logs.guard_last_words()
    error = RuntimeError(WORDS["error"])
    sys.excepthook(RuntimeError, error, None)

    def fail() -> None:
        raise error

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    out, err = capfd.readouterr()
    assert WORDS["error"] not in written.getvalue() + out + err
    assert written.getvalue().count("builtins.RuntimeError") == 2


def test_what_is_set_up_writes_nothing_of_what_a_library_logs() -> None:
    """In a process of its own: what is set up there stays."""
    code = (
        "import logging; from bot.logs import set_up; set_up('INFO')\n"
        "logging.getLogger('slack_bolt.x').error('body %s', 'quellwolke'); logging.getLogger('bot.x').info('ready')"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert "quellwolke" not in said.stderr and "(withheld)" in said.stderr and "ready" in said.stderr
