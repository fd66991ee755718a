"""Runs all checks at once in one thread of the channel, and takes everything away again."""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import Client, Way, build_client
from bot.cli.findings import FAIL, OK, SKIPPED, WARN, Finding
from bot.cli.live import delivery, files, limits, people, quiet, streams
from bot.cli.live.assumptions import ASSUMPTIONS
from bot.cli.live.line import Line, LiveRefused
from bot.cli.live.pace import Pace
from bot.cli.live.place import find_place
from bot.cli.live.stage import Stage, Turns
from bot.cli.live.verdicts import Check, Differs, Held, Skipped, Unseen, Verdict
from bot.preflight import preflight
from bot.settings import Settings

# Streams first: they take longest. Those who need a person come last, below all else in the thread.
CHECKS: tuple[Check, ...] = tuple(
    itertools.chain(
        streams.CHECKS[:1],
        delivery.CHECKS,
        *(room.CHECKS for room in (limits, quiet)),
        streams.CHECKS[1:],
        files.CHECKS,
        people.CHECKS,
    )
)
UNATTENDED = "It takes a person, and --unattended was given."
ROOT = (
    "Inhouse is checking what it assumes about Slack. This thread fills with test messages; "
    "they are deleted in about six minutes."
)
NEWS_EVERY_S = 30.0

Show = Callable[[Finding], None]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the administrator asked for. ``show`` is told each finding as it comes, ``tell`` everything else."""

    channel: str
    unattended: bool
    keep: bool
    show: Show
    tell: Callable[[str], None]
    pace: Pace = field(default_factory=Pace)


async def examine(settings: Settings, wishes: Wishes, checks: Sequence[Check] = CHECKS) -> list[Finding]:
    """Try every assumption in a real channel; one finding for each, in the order in which they were seen.

    What was posted is deleted at the end, also when this is cancelled. Raises: InhouseError before anything is posted.
    """
    identity = await preflight(settings)
    assert settings.slack_bot_token and settings.slack_app_token  # the preflight looked
    token, api_url = settings.slack_bot_token.get_secret_value(), settings.slack_api_url
    client = build_client(token, api_url, Way(settings.proxy_url(), settings.tls()))
    strict = Client(token=token, base_url=api_url, ssl=client.ssl, retry_handlers=[])
    strict.proxy = client.proxy
    place = await find_place(client, identity, wishes.channel)
    line = Line(_connecting(client), settings.slack_app_token.get_secret_value(), place.channel)
    try:
        await line.open()
        stage = Stage(client, strict, line, place, wishes.pace, Turns(wishes.pace.between_posts_s), wishes.tell)
        return await _play(stage, wishes, checks)
    finally:
        await line.close()


def _connecting(client: AsyncWebClient) -> AsyncWebClient:
    """The socket's own client: its way to Slack is the same, its token comes with each call."""
    connecting = Client(base_url=client.base_url, ssl=client.ssl, retry_handlers=client.retry_handlers)
    connecting.proxy = client.proxy
    return connecting


async def _play(stage: Stage, wishes: Wishes, checks: Sequence[Check]) -> list[Finding]:
    findings: list[Finding] = []
    stages = [stage]

    def report(verdict: Verdict) -> None:
        findings.append(_finding(verdict))
        wishes.show(findings[-1])

    def on_stage(check: Check) -> Coroutine[None, None, None]:
        stages.append(stage.beside())
        return _run(check, stages[-1], report, keep=wishes.keep)

    news = asyncio.create_task(_news(wishes, lambda: len(findings), _count(checks)))
    with _cancelled_by_sigterm():
        try:
            await _open(stage)
            minutes = f"{_minutes(wishes.pace):.1f} minutes"
            wishes.tell(f"Checking in #{stage.place.name}; this takes {minutes} and the time to tidy up.")
            for verdict in _left_out(checks, wishes.unattended):
                report(verdict)
            chosen = [check for check in checks if not (check.needs_person and wishes.unattended)]
            async with asyncio.TaskGroup() as group:
                for check in chosen:
                    group.create_task(on_stage(check))
        finally:
            news.cancel()
            if not wishes.keep:
                await _clear(stages, wishes.tell)
    return findings


async def _open(stage: Stage) -> None:
    try:
        stage.root_ts = await stage.post(ROOT, thread_ts=None)
    except SlackApiError as error:
        code = error.response.get("error")
        raise LiveRefused(f"The bot may not post in #{stage.place.name}: {code}.") from error


async def _run(check: Check, stage: Stage, report: Callable[[Verdict], None], *, keep: bool) -> None:
    """One check to its end; what it left unsaid is said to be unseen."""
    left = list(check.ids)
    why = "The check ended before it saw this."
    try:
        async for verdict in check.run(stage):
            left.remove(verdict.id)
            report(verdict)
    except SlackApiError as error:
        why = f"Slack refused what the check needs: {error.response.get('error')}."
    for assumption in left:
        report(Unseen(assumption, why))
    if not keep and not check.needs_person:
        await stage.clear()  # what a person was asked to look at stays until the end


def _left_out(checks: Sequence[Check], unattended: bool) -> Iterator[Verdict]:
    for check in checks:
        if check.needs_person and unattended:
            yield from (Skipped(assumption, UNATTENDED) for assumption in check.ids)


async def _clear(stages: Sequence[Stage], tell: Callable[[str], None]) -> None:
    """The first stage is that of the thread itself."""
    for stage in stages[1:]:
        await stage.clear()
    left = await stages[0].clear_thread()
    if left:
        tell(f"{left} messages could not be deleted; please delete the thread yourself.")


async def _news(wishes: Wishes, seen: Callable[[], int], count: int) -> None:
    """Say now and then how far it is."""
    for passed in itertools.count(1):
        await asyncio.sleep(NEWS_EVERY_S)
        wishes.tell(f"{seen()} of {count} seen after {passed * NEWS_EVERY_S:.0f} s …")


def _count(checks: Sequence[Check]) -> int:
    return sum(len(check.ids) for check in checks)


def _minutes(pace: Pace) -> float:
    return max(pace.beyond_s, pace.retry_s, pace.person_s) / 60


def _finding(verdict: Verdict) -> Finding:
    """What the doctor prints: a difference is worth a look, or wrong where the bot does not survive it."""
    row = ASSUMPTIONS[verdict.id]
    match verdict:
        case Held():
            return Finding(row.id, OK, verdict.text)
        case Skipped():
            return Finding(row.id, SKIPPED, verdict.text)
        case Unseen():
            return Finding(row.id, WARN, f"Not seen, whether {row.claim}. {verdict.text}", "Run the check again.")
        case Differs():
            text = f"Differs from: {row.claim}. {verdict.text}"
            return Finding(row.id, WARN if row.survives else FAIL, text, row.change)


@contextmanager
def _cancelled_by_sigterm() -> Iterator[None]:
    """SIGTERM ends it as Ctrl-C does: what was posted is deleted first."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    with suppress(NotImplementedError, RuntimeError, ValueError):
        loop.add_signal_handler(signal.SIGTERM, lambda: task.cancel() if task else None)
    try:
        yield
    finally:
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.remove_signal_handler(signal.SIGTERM)
