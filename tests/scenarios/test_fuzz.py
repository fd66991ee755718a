"""Hostile text through the real bot, by every way into Slack: nothing posted is live, leads outside or is too long.

A parrot stands in for the library: it says, cites and misses whatever it is given, which no check would let pass.
What the checks do let pass is posted by `test_hostile_lines_of_files_that_the_model_repeats`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pytest

from bot import answers
from bot.pacing import Pace
from bot.workspace.state import Message, View
from rag.answering import Answerer, AnswerEvent, PassageReady, Request, Searched, SentenceReady
from rag.types import Answer, Citation, Location, Outcome
from tests.hostile import Ids, collected, generated
from tests.judge import GAP, Judge
from tests.scenarios.conftest import House, every_line, until

BATCH = 30
AT_ONCE = 6
HALF = re.compile("[\ud800-\udfff]")
FILES = ("<!channel> [x](evil.example/y) & `rent`.txt", "invoice\u202efdp <@U0HOSTILE1>.txt", "www.evil.example.txt")


# --- the parrot ------------------------------------------------------------------------------


class Parrot:
    """Answers "batch 7" with the texts of batch 7: as sentences, passages, names, places and quotes."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.batches = [list(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
        self.files: list[str] = []  # ids of files that the answers may rest on

    def answer(self, request: Request) -> Iterator[AnswerEvent]:
        number = int(re.findall(r"batch (\d+)", request.question)[0])
        texts = self.batches[number]
        yield Searched(("a.txt",), 3)
        cited = tuple(self._citation(n, text) for n, text in enumerate(texts, 1))
        for n, text in enumerate(texts):
            yield PassageReady(cited[n]) if n % 6 == 5 else SentenceReady(text, cited[n : n + 2])
        yield Answer("\n".join(texts), Outcome.ANSWERED, cited, ("a.txt",))

    def _citation(self, number: int, text: str) -> Citation:
        place = Location(sheet=text, row=number) if number % 2 else Location(heading_path=(text, text))
        return Citation(number, text, self.files[number % len(self.files)], place, text, number)

    def said(self) -> Iterator[tuple[str, str]]:
        """(mrkdwn, Markdown) of every text that was a sentence or a passage, without its marks."""
        for texts in self.batches:
            for n, text in enumerate(texts):
                is_passage = n % 6 == 5
                both = answers.passage(self._citation(1, text)) if is_passage else answers.sentence(text, ())
                yield tuple(squeezed(each.removesuffix(" [1]").removesuffix(" [1]\n")) for each in both)  # type: ignore[misc]


def squeezed(text: str) -> str:
    """Without what may differ where a text is cut: spaces, fences, the breaks within words."""
    return re.sub(rf"[\s`{GAP}]|_\(continued\)_", "", text)


async def repeat(house: House, parrot: Parrot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the bot answer one question for each batch, with whatever that batch holds."""
    given = await house.post("ana", "lab", "@inhouse", files=[(name, b"Rent is due on Monday.") for name in FILES])
    await house.quiet(60)
    parrot.files = [file.id for file in given.files]
    monkeypatch.setattr(Answerer, "answer", lambda _self, request, _cancel=None: parrot.answer(request))
    for start in range(0, len(parrot.batches), AT_ONCE):
        for number in range(start, min(start + AT_ONCE, len(parrot.batches))):
            text = " ".join(parrot.batches[number][0].split())[:150]
            await house.post("ana", "lab", f"@inhouse What does batch {number} say? {text}")
        await house.quiet(120)


# --- the judgement ---------------------------------------------------------------------------


def posted(house: House) -> list[Message]:
    """Every message of the bot's, whoever sees it."""
    state = house.place.core.state
    everything = [m for channel in state.channels.values() for m in channel.messages.values()]
    return [m for m in (*everything, *state.ephemerals) if m.user == house.place.bot_user.id]


def judged(house: House) -> Judge:
    """Hold everything that the bot posted, showed or asked of Slack against the rules."""
    judge, wrong = faults(house)
    assert not wrong, (len(wrong), wrong[:8])
    return judge


def faults(house: House) -> tuple[Judge, list[str]]:
    """Who judged, and everything that is wrong with what the bot posted, showed or asked of Slack."""
    state = house.place.core.state
    people = {house.place.bot_user.id, *(user.id for user in house.users.values())}
    named = frozenset(people | {channel.id for channel in house.channels.values()})
    # In threads only whoever is told something, or shared it, is named; channels only in Home and the pane's hint.
    judge = Judge(house.place.base_url, frozenset())
    private = Judge(house.place.base_url, named)
    wrong: list[str] = []
    for message in posted(house):
        is_named = bool(message.ephemeral_to) or "shared by" in str(message.blocks) or message.channel.startswith("D")
        wrong += (private if is_named else judge).message(message)
    for view in (*state.homes.values(), *state.modals.values()):
        wrong += private.view(view.body)
    for call in house.place.calls:
        about = private if call.method in ("views.publish", "views.open", "chat.postEphemeral") else judge
        is_shared = "shared by" in str(call.arguments.get("blocks"))
        wrong += (private if is_shared else about).call(call.method, call.arguments, call.error)
    judge.judged += private.judged
    return judge, wrong


def counted(house: House, parrot: Parrot) -> int:
    """How many of the parrot's texts stand in what was posted, as they were to be shown there."""
    shown = "\n".join(squeezed(text) for message in posted(house) for text in _texts(message))
    return sum(any(each and each in shown for each in both) for both in parrot.said())


def _texts(message: Message) -> Iterator[str]:
    yield message.text
    yield "".join(block["text"]["text"] for block in message.blocks if block["type"] == "section")


def the_corpus(house: House, shared: Sequence[str]) -> list[str]:
    """With the ids of people and channels that are really there; no model and no file says half a surrogate pair."""
    ids = Ids(house.users["ben"].id, house.channels["office"].id)
    return list(dict.fromkeys(HALF.sub("", text) for text in (*generated(ids), *shared)))


@pytest.fixture(scope="module")
def shared(request: pytest.FixtureRequest) -> list[str]:
    """The collected strings; none where the shared data is missing."""
    try:
        return collected(request.getfixturevalue("shared_data"))
    except pytest.skip.Exception as missing:
        print(f"generated strings only: {missing}")
        return []


# --- answers in threads ----------------------------------------------------------------------


@pytest.mark.parametrize("streams", [True, False], ids=["streams", "updates"])
@pytest.mark.parametrize("size", [200, pytest.param(5000, marks=pytest.mark.slow)])
async def test_hostile_answers_are_posted_and_nothing_of_them_is_live(
    house: House, shared: list[str], size: int, streams: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not streams:
        house.place.fault("chat.startStream", error="unknown_method", times=9999)
    monkeypatch.setattr(Pace, "may", lambda *_: True)  # every text in a call of its own
    corpus = the_corpus(house, shared)
    parrot = Parrot(corpus[:: max(1, len(corpus) // size)])
    await repeat(house, parrot, monkeypatch)
    count, judge = counted(house, parrot), judged(house)
    said = sum(map(len, parrot.batches))
    used = "chat.appendStream" if streams else "chat.update"
    print(f"{said} strings, {count} of them posted, {len(house.calls(used))} x {used}, {judge.judged} judged")
    assert said >= min(size, 2000)
    assert len(house.calls(used)) > said * 0.7  # where a text is too long for a stream, its answer goes on without
    assert count > said * 0.98  # the rest is cut where `squeezed` does not see it


async def test_hostile_lines_of_files_that_the_model_repeats(house: House, shared: list[str]) -> None:
    """Through reading, splitting, searching and checking too: what the library lets pass is not live either."""
    house.model._script = every_line
    corpus = [" ".join(text.split())[:300] for text in the_corpus(house, shared)[::23]]
    lines = [f"The code of locker {n} is {text}." for n, text in enumerate(corpus)]
    for start in range(0, len(lines), 20):
        text = "\n\n".join(lines[start : start + 20])
        name = f"{corpus[start].replace('/', '_')[:80]} lockers {start}.txt"
        await house.post(
            "ana", "lab", f"@inhouse What is the code of locker {start + 3}?", files=[(name, text.encode())]
        )
        await house.quiet(60)
    shown = "\n".join(text for message in posted(house) for text in _texts(message))
    seen = len(set(re.findall(r"locker (\d+) is", shown)))
    print(f"{len(lines)} lines, {seen} of them posted, {judged(house).judged} judged")
    assert seen > len(lines) // 4


async def test_hostile_names_and_words_by_every_other_way(house: House, shared: list[str]) -> None:
    """Files, people, threads, questions, commands, shortcuts, modals, Home and the pane."""
    house.model._script = lambda messages: messages[-1].content
    corpus = [text for text in the_corpus(house, shared)[::60] if text.strip()]
    parts = [corpus[start::5] for start in range(5)]
    await give_files(house, parts[0])
    await ask_directly(house, parts[1])
    await ask_privately(house, parts[2])
    await summarise(house, parts[3])
    await press_everything(house, parts[4])
    methods = {call.method for call in house.place.calls}
    assert {"views.open", "views.publish", "chat.postEphemeral", "assistant.threads.setTitle"} <= methods
    assert "assistant.threads.setSuggestedPrompts" in methods
    print(f"{len(corpus)} strings, {judged(house).judged} judged")


async def give_files(house: House, names: Sequence[str]) -> None:
    """Read, replaced, unreadable and too many ones; listed by the command, in Home and in the pane."""
    files = [(f"{name[:200]}.txt", f"Locker {n} belongs to nobody.".encode()) for n, name in enumerate(names)]
    for start in range(0, len(files), 20):
        await house.post("ana", "lab", "@inhouse", files=files[start : start + 20])
    await house.post("ana", "lab", "@inhouse", files=[(name, b"Another version.") for name, _ in files[:10]])
    await house.post("ana", "lab", "@inhouse", files=[(f"{name[:200]}.exe", b"MZ\x90\x00") for name in names[:20]])
    await house.quiet(60)
    await house.ask("ben", "lab", "@inhouse To whom does locker 3 belong?")
    listed = await house.place.slash(house.users["ana"], house.channels["lab"], "/inhouse", "files")
    assert "error" not in listed, listed
    dm = await house.open_dm("ana")
    await house.post("ana", dm, "here", files=files[:3])
    await house.quiet(60)
    for tab in ("home", "messages"):
        await house.place.open_home(house.users["ana"], tab)
    await house.quiet(60)


async def ask_directly(house: House, questions: Sequence[str]) -> None:
    """In a direct message: the question becomes a title, and a line in Home."""
    dm = await house.open_dm("ben")
    await house.post(
        "ben", dm, "Who owns the locker?", files=[("[x](evil)<!here>.txt", b"Locker 1 belongs to nobody.")]
    )
    await house.quiet(60)
    for question in questions:
        await house.post("ben", dm, f"{question[:1000]} locker?")
    await house.quiet(120)
    await house.place.open_home(house.users["ben"])
    await house.quiet(60)


async def ask_privately(house: House, questions: Sequence[str]) -> None:
    """By command, shown to one and then shared; and words that are no subcommand."""
    for question in questions:
        await house.place.slash(house.users["ben"], house.channels["lab"], "/ask", f"Whose is the locker? {question}")
        await house.place.slash(house.users["ben"], house.channels["lab"], "/inhouse", question)
    await house.quiet(120)
    await share_all(house, "ben")


async def share_all(house: House, user: str) -> None:
    for message in house.place.ephemerals(house.users[user]):
        buttons = [e for block in message.blocks for e in block.get("elements", ()) if e.get("action_id") == "share"]
        for button in buttons:
            await house.place.click(house.users[user], message.channel, message.ts, "share", button["value"])
    await house.quiet(60)


async def summarise(house: House, texts: Sequence[str]) -> None:
    """A thread of hostile messages by people with hostile names."""
    names = [text for text in texts if text.split()][:8]
    people = [await house.place.add_user(f"guest{n}", real_name=name) for n, name in enumerate(names)]
    channel = await house.place.add_channel("hostile", [house.users["chris"], *people])
    house.channels["hostile"] = channel
    root = await house.place.post(people[0], channel, "We meet on Monday about the locker.")
    for n, text in enumerate(texts):
        await house.place.post(people[n % len(people)], channel, f"{text[:1500]} We meet on Monday.", thread_ts=root.ts)
    await house.quiet(60)
    answer = await house.place.message_shortcut(house.users["chris"], root, "summarise_thread")
    assert "error" not in answer, answer
    await house.quiet(60)
    await share_all(house, "chris")


async def press_everything(house: House, texts: Sequence[str]) -> None:
    """The shortcut over hostile words, a vote, and the settings."""
    for text in texts:
        message = await house.post("chris", "office", text[:3000])
        await house.place.message_shortcut(house.users["chris"], message, "ask_about")
        view = await until(lambda: first_view(house))
        typed = {"question": {"question": {"type": "plain_text_input", "value": text}}}
        await house.place.submit_view(house.users["chris"], view.id, typed)
        house.place.core.state.modals.pop(view.id, None)
    await house.quiet(120)
    answer = next(
        m for m in posted(house) if "feedback_buttons" in str(m.blocks) and m.channel == house.channels["lab"].id
    )
    await house.place.click(house.users["ben"], "lab", answer.ts, "feedback", "down")
    await house.place.slash(house.users["ana"], house.channels["lab"], "/inhouse", "settings")
    await house.quiet(60)


async def first_view(house: House) -> View | None:
    return next(iter(house.place.core.state.modals.values()), None)


async def test_half_an_emoji_in_a_question_and_a_name_keeps_nobody_from_an_answer(house: House) -> None:
    """Where a text was cut in the middle of one, JSON brings a lone surrogate, which no database takes."""
    answer = await house.ask(
        "ana", "lab", "@inhouse What is \ud83d the rent?", files=[("a\ud83d.txt", b"The rent is 9 euros.")]
    )
    assert "9 euros" in answer.text and answer.citations
    assert {row["state"] for row in await house.rows("select state from jobs")} == {"done"}
    judged(house)
