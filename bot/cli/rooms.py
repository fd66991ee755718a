"""Builds the rooms of the bot over a library, in the order in which they need each other."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from bot.access import Access
from bot.asides import Asides
from bot.asks import Asks
from bot.briefings import Briefings
from bot.catchup import CatchUp
from bot.channels import Channels
from bot.cli.library import Library, worker_count
from bot.commands import Commands
from bot.comparisons import Comparisons
from bot.conversations import Conversations
from bot.digests import Digests
from bot.downloads import Downloads
from bot.erasures import Erasures
from bot.feedback import Feedback
from bot.forgetter import Forgetter
from bot.history import History
from bot.home import Home, Installation, ModelFacts
from bot.inbox import Inbox
from bot.jobs import Jobs
from bot.ledger import FILE as LEDGER
from bot.ledger import Ledger
from bot.listeners.desk import Desk
from bot.membership import Membership
from bot.notices import Notices
from bot.overview import Overview
from bot.pane import Pane
from bot.people import People
from bot.preflight import Identity
from bot.recaps import Recaps
from bot.records import Records
from bot.replies import Appends
from bot.retention import Retention
from bot.revisions import Revisions
from bot.settings import Settings
from bot.summaries import Summaries
from bot.turns import Limits, Turns
from bot.uploads import Uploads
from bot.writing import Writer
from rag.summarize import Summarizer


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the running bot keeps hold of."""

    desk: Desk
    retention: Retention
    catch_up: CatchUp
    notices: Notices


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the rooms above stand on."""

    client: AsyncWebClient
    bot_user: str
    records: Records
    history: History
    channels: Channels
    people: People
    access: Access
    conversations: Conversations
    erasures: Erasures
    uploads: Uploads
    notices: Notices
    writer: Writer
    commands: Commands
    model_threads: ThreadPoolExecutor


def build_rooms(
    settings: Settings, identity: Identity, library: Library, client: AsyncWebClient, records: Records, jobs: Jobs
) -> Rooms:
    """Every room, and who does which job."""
    ground = _lay_ground(settings, identity, library, client, records)
    home = _build_home(ground, settings, identity, library)
    _assign(jobs, ground, home, settings, library)
    inbox = Inbox(records, jobs, identity.user_id, settings.queue_limit)
    desk = Desk(
        inbox=inbox,
        jobs=jobs,
        access=ground.access,
        people=ground.people,
        commands=ground.commands,
        revisions=Revisions(records, ground.history, ground.people),
        feedback=Feedback(records, ground.history),
        uploads=ground.uploads,
        home=home,
    )
    return Rooms(
        desk,
        Retention(client, records, ground.erasures, ground.channels, jobs, identity.team_id),
        CatchUp(client, records, inbox, identity.team_id, identity.user_id),
        ground.notices,
    )


def _lay_ground(
    settings: Settings, identity: Identity, library: Library, client: AsyncWebClient, records: Records
) -> _Ground:
    model_threads = ThreadPoolExecutor(worker_count(settings, library.answerer.llm), thread_name_prefix="model")
    channels = Channels(records)
    people = People(client, channels, identity.team_id)
    access = Access(client, channels, people, Membership(client))
    ledger = Ledger(settings.data_dir / LEDGER, records)
    conversations = Conversations(client, identity.user_id)
    erasures = Erasures(client, records, library.store, library.eraser, channels, ledger)
    downloads = Downloads(client, settings.data_dir / "downloads", settings.max_file_bytes)
    return _Ground(
        client=client,
        bot_user=identity.user_id,
        records=records,
        history=History(records),
        channels=channels,
        people=people,
        access=access,
        conversations=conversations,
        erasures=erasures,
        uploads=Uploads(client, records, people, access, conversations, downloads, library.ingester, library.eraser),
        notices=Notices(client, people, conversations),
        writer=Writer(library.answerer, records, model_threads),
        commands=Commands(records, erasures, people, access),
        model_threads=model_threads,
    )


def _build_home(ground: _Ground, settings: Settings, identity: Identity, library: Library) -> Home:
    llm = library.answerer.llm
    model = ModelFacts(llm.name, llm.is_trial, time.time())
    pane = Pane(ground.client, ground.bot_user, ground.records, ground.people, ground.access)
    return Home(
        client=ground.client,
        installation=Installation(identity.user_id, identity.url, settings.data_dir, model),
        overview=Overview(ground.records),
        people=ground.people,
        channels=ground.channels,
        access=ground.access,
        erasures=ground.erasures,
        pane=pane,
    )


def _assign(jobs: Jobs, ground: _Ground, home: Home, settings: Settings, library: Library) -> None:
    """Who does which job, who is told of those that wait, and who apologises for those that failed."""
    asides = Asides(ground.client, ground.records, ground.history, ground.people, ground.access, ground.conversations)
    asks = Asks(
        records=ground.records,
        people=ground.people,
        conversations=ground.conversations,
        uploads=ground.uploads,
        writer=ground.writer,
        asides=asides,
        max_question_chars=settings.max_question_chars,
    )
    summarizer = Summarizer(library.answerer.llm, library.embedder)
    summaries = Summaries(ground.client, ground.conversations, ground.people, asides, summarizer, ground.model_threads)
    briefings = Briefings(
        records=ground.records,
        people=ground.people,
        asides=asides,
        digests=Digests(library.digester, library.answerer.llm, ground.model_threads),
        comparisons=Comparisons(library.digester),
        summaries=summaries,
        recaps=Recaps(ground.client, ground.conversations, ground.people, summarizer, ground.model_threads),
    )
    turns = _build_turns(ground, home.pane, briefings, Limits(settings.max_question_chars, settings.history_turns))
    jobs.on_waiting(ground.notices.waiting)
    jobs.on_failure(turns.apologise)
    for kind, handler in (
        *(("turn", turns.run), ("redo", turns.run)),
        *(("ask", asks.run), ("add", asks.add), ("share", asides.share), ("summarise", summaries.run)),
        ("brief", briefings.run),
        *(("upload", ground.uploads.run), ("reread", ground.uploads.read_again), ("erase", ground.erasures.run)),
        *(("home", home.run), ("settings", home.change), ("forget", home.forget), ("renew", home.renew)),
        ("wish", Forgetter(ground.commands, ground.people, asides).run),
        *(("context", home.pane.looked), ("joined", home.pane.joined)),
        *(("busy", ground.notices.busy), ("hush", ground.notices.hush), ("outside", ground.notices.outside)),
    ):
        jobs.handle(kind, handler)


def _build_turns(ground: _Ground, pane: Pane, briefings: Briefings, limits: Limits) -> Turns:
    return Turns(
        client=ground.client,
        bot_user=ground.bot_user,
        records=ground.records,
        history=ground.history,
        people=ground.people,
        conversations=ground.conversations,
        access=ground.access,
        uploads=ground.uploads,
        writer=ground.writer,
        pane=pane,
        briefings=briefings,
        notices=ground.notices,
        appends=Appends(),
        limits=limits,
    )
