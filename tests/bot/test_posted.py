"""Every builder of what is posted, with hostile text in each place where foreign text can stand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from bot import (
    answers,
    asides,
    blocks,
    commands,
    comparisons,
    delivery,
    digests,
    home_view,
    pane,
    recaps,
    receipts,
    summaries,
    uploads,
)
from bot.brief import Brief
from bot.channels import ChannelSettings
from bot.chosen import Pair
from bot.conversations import FileRef, Talk, ThreadMessage
from bot.listeners import views
from bot.overview import ChannelFacts, KnownFile, Question
from bot.records import Share
from bot.rendering import rendered
from bot.splitting import split
from bot.texts import Texts, texts_for
from bot.workspace.state import Message
from rag.changes import Change, Comparison, Kind, Passage
from rag.digest import Digest, DigestLine, Proof
from rag.errors import FileError
from rag.ingest import Progress
from rag.summarize import Summary, SummaryLine
from rag.types import Answer, Citation, Location, Outcome, Utterance
from tests.hostile import collected, generated
from tests.judge import Judge
from tests.rag.fakes import ScriptedModel

HOME = "https://acme.slack.com"
LINK = f"{HOME}/files/U1/F1/a.pdf"
PERSON, BOT, CHANNEL = "U0PERSON", "U0BOT", "C0PLACE"
TEXTS = tuple(map(texts_for, ("en-GB", "de-DE")))
NOW = time.time()
PROGRESS = Progress(1, 2, "page")

Shown = tuple[str, list[dict[str, Any]]] | dict[str, Any]  # text and blocks, or a view


@pytest.fixture(scope="module")
def corpus(request: pytest.FixtureRequest) -> list[str]:
    """All hostile strings; the generated ones alone where the shared data is missing."""
    try:
        shared = collected(request.getfixturevalue("shared_data"))
    except pytest.skip.Exception as missing:
        print(f"generated strings only: {missing}")
        shared = []
    found = list(dict.fromkeys([*generated(), *shared]))
    assert len(found) > 2000
    return found


@pytest.fixture
def judge() -> Judge:
    return Judge(HOME, frozenset({PERSON, BOT, CHANNEL}))


def share(name: str, state: str = "read", **more: Any) -> Share:
    return Share("T1", CHANNEL, "F1", "9.5", "9.5", PERSON, name, LINK, 1, state, more.get("note", ""))


def citation(text: str, number: int = 1) -> Citation:
    return Citation(number, text, "F1", Location(heading_path=(text, text)), text, 7)


def sheet(text: str) -> Citation:
    return Citation(2, text, "F2", Location(sheet=text, row=3), text, 8)


def mrkdwn(*parts: str) -> Iterator[Shown]:
    """As messages of sections, and in the plainer form that a refusal of Slack's leads to."""
    for group in split(parts, delivery.TEXT):
        best, plain, _ = delivery.Body(group).forms()
        yield from ((content["text"], content.get("blocks", [])) for content in (*best, *plain))


def stream(markdown: str) -> Iterator[Shown]:
    """A part that is one message; a longer one is never streamed, but cut as mrkdwn."""
    if delivery.is_one_message([markdown]):
        yield "", [{"type": "markdown", "text": markdown}]


# --- what is built of one hostile text -------------------------------------------------------


def sentence(texts: Texts, text: str) -> Iterator[Shown]:
    for said in (text, f"```py\n{text}\n```", f"| a | {text} |\n|---|---|\n| {text} | b |"):
        both = answers.sentence(said, [citation("a.pdf"), citation("b.pdf", 2)])
        yield from mrkdwn(both[0])
        yield from stream(both[1])


def passage(texts: Texts, text: str) -> Iterator[Shown]:
    both = answers.passage(citation(text))
    yield from mrkdwn(both[0])
    yield from stream(both[1])


def refusal(texts: Texts, text: str) -> Iterator[Shown]:
    shares = [share(text), share(f"{text}2"), *(share(f"{n} {text}") for n in range(6))]
    for said in (
        answers.refusal(texts, shares[:1]),
        answers.refusal(texts, shares, [text, text, "rent"]),
        answers.nothing_asked(texts, shares),
    ):
        yield from mrkdwn(said)
        yield from stream(said)


def tail(texts: Texts, text: str) -> Iterator[Shown]:
    cited = (citation(text), sheet(text), *(citation(text, n) for n in range(3, 14)))
    answer = Answer(text, Outcome.ANSWERED, cited, (text,))
    below = answers.tail(texts, answer, [share(text)], {"F1": LINK}, ScriptedModel(name="model"), narrowed=True)
    for pack in delivery.packed([*below, *answers.controls(texts, answer, narrowed=True)]):
        yield blocks.shorten(delivery.plain(pack), delivery.PLAIN_CHARS), pack


def receipt(texts: Texts, text: str) -> Iterator[Shown]:
    shares = [share(text), share(text, "failed", note=FileError(text).user_message), share(text, note=text)]
    earlier = {"F1": share(text)}
    said = receipts.text(texts, shares, earlier, 2)
    yield blocks.shorten(said, blocks.SECTION_CHARS), receipts.parts(texts, shares, earlier, 2)
    yield from mrkdwn(*said.splitlines())


def listed(texts: Texts, text: str) -> Iterator[Shown]:
    for state, note in (("read", text), ("failed", text), ("replaced", "")):
        file = commands._File(share(text, state, note=note), (PERSON,))
        yield "", [commands._row(texts, file, 0, may_forget=True)]
    said = commands._not_known(texts, text.lower().split()[0] if text.split() else text)
    yield from mrkdwn(said)


def home(texts: Texts, text: str) -> Iterator[Shown]:
    file = KnownFile(CHANNEL, "F1", text, LINK, text, "read", NOW)
    asked = Question(CHANNEL, "1.0", "2.0", text, "answered", NOW)
    parts = [
        home_view.files(texts, [file] * 2),
        home_view.questions(texts, [asked] * 2, HOME),
        home_view.unanswered(texts, [asked] * 2, 2, 3, HOME),
        home_view.model(texts, text, is_trial=True),
        home_view.channels(texts, [ChannelFacts(CHANNEL, ChannelSettings(), 3)]),
        [blocks.section(home_view.model_line(texts, text, NOW))],
    ]
    yield home_view.page(parts)


def summary(texts: Texts, text: str) -> Iterator[Shown]:
    lines = (SummaryLine(text, ("1.1",), is_quote=True, author=text), SummaryLine(text, ("1.2",), is_quote=False))
    said = [Utterance("1.1", text, text), Utterance("1.2", text, text)]
    links = {"1.1": f"{HOME}/archives/C1/p11"}
    made = Summary(lines, 2, 1, is_extract=False)
    for shown, streamed in summaries.parts(texts, made, said, links):
        yield from mrkdwn(shown)
        yield from stream(streamed)
    yield "", [blocks.context(summaries.small_print(texts, made, [text] * 12, is_cut=True))]


def brief(made: Brief) -> Iterator[Shown]:
    for shown, streamed in made.parts:
        yield from mrkdwn(shown)
        yield from stream(streamed)
    for pack in delivery.packed(made.tail):
        yield blocks.shorten(delivery.plain(pack), delivery.PLAIN_CHARS), pack


def digest(texts: Texts, text: str) -> Iterator[Shown]:
    proof = Proof(7, text, Location(heading_path=(text, text)))
    lines = tuple(DigestLine(text, (proof,), is_quote, rank) for rank, is_quote in enumerate((True, False)))
    other = DigestLine(text, (Proof(8, text, Location(sheet=text, row=3)),), False, 2)
    made = Digest((*lines, other), 1, 2, is_extract=False, is_whole=False)
    yield from brief(digests.brief_of(texts, share(text), made, 8, ScriptedModel(name="model", is_trial=True)))


def changes(texts: Texts, text: str) -> Iterator[Shown]:
    places = (Location(heading_path=(text,)), Location(sheet=text, row=3))
    old, new = Passage(f"{text} 1 {text}", places[0], 7), Passage(f"{text} 2 {text} {text}", places[1], 8)
    made = (
        Change(Kind.CHANGED, old, new, True),
        Change(Kind.ADDED, None, new, True),
        Change(Kind.MOVED, old, new, False),
    )
    pair = Pair(share(text), share(f"{text}2"))
    yield from brief(comparisons.brief_of(texts, pair, Comparison(made)))
    yield from brief(comparisons.brief_of(texts, pair, Comparison(())))


def recap(texts: Texts, text: str) -> Iterator[Shown]:
    for link in ("", f"{HOME}/archives/C1/p11"):
        title = recaps._linked(blocks.shorten(" ".join(text.split()), recaps.TITLE_CHARS), link)
        yield from mrkdwn(title[0])
        yield from stream(title[1])
    talk = Talk("1.0", text, (ThreadMessage("1.1", PERSON, "", text, (text,)),), is_thread=True)
    yield "", [blocks.context(recaps._small_print(texts, [talk], left_out=1, is_cut=True, is_stopped=True))]


def shared(texts: Texts, text: str) -> Iterator[Shown]:
    parts = (answers.sentence(text, [citation(text)])[0],)
    aside = asides.Aside("k", "T1", CHANNEL, "", PERSON, text, parts, ())
    for body in delivery.packed(asides._public(aside, texts)):
        yield blocks.shorten(delivery.plain(body), delivery.PLAIN_CHARS), body


def question_modal(texts: Texts, text: str) -> Iterator[Shown]:
    about = views.About(CHANNEL, None, "1.0", (FileRef("F1", "1.0", "1.0", PERSON),))
    yield views.question(texts, about, PERSON, text)
    yield views._looking(texts, text), []


BUILDERS: tuple[Callable[[Texts, str], Iterable[Shown]], ...] = (
    *(sentence, passage, refusal, tail, receipt, listed, home, summary, digest, changes, recap),
    *(shared, question_modal),
)


@pytest.mark.parametrize("step", [29, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("build", BUILDERS, ids=lambda build: build.__name__)
def test_nothing_hostile_is_live_or_too_long(build: Any, step: int, corpus: list[str], judge: Judge) -> None:
    wrong: dict[str, list[str]] = {}
    for number, text in enumerate(corpus[::step]):
        for shown in build(TEXTS[number % 2], text):
            faults = judge.view(shown) if isinstance(shown, dict) else judge.shown(shown[0], *shown[1])
            for fault in faults:
                wrong.setdefault(f"{fault.split(' ')[0]}", []).append(f"{fault} of {text[:80]!r}")
    assert not wrong, {kind: (len(found), found[:4]) for kind, found in wrong.items()}
    assert judge.judged >= len(corpus) // step


def test_status_title_prompts_and_button_are_plain_and_short(corpus: list[str], judge: Judge) -> None:
    for number, text in enumerate(corpus):
        texts = TEXTS[number % 2]
        naming = uploads._Naming(texts, 1, 2)
        given = {
            "status": naming.status(text, PROGRESS)[: delivery.STATUS_CHARS],
            "title": blocks.status_name(text) or "…",
            "prompts": pane.prompts(texts, [share(text)]),
        }
        assert not judge.call("assistant.threads.setStatus", given, None), text[:80]
        both = receipts._both(texts, share(text), is_only=False)
        assert not judge.shown("", blocks.actions(both)), text[:80]


# --- two readers that know nothing of ours ---------------------------------------------------

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HARMLESS = frozenset(
    "paragraph_open paragraph_close inline text softbreak hardbreak text_special bullet_list_open bullet_list_close "
    "ordered_list_open ordered_list_close list_item_open list_item_close code_block".split()
)


def kinds(markdown: str) -> set[str]:
    """Everything that a Markdown reader makes of it, but for plain words and lists."""
    tokens = READER.parse(markdown)
    found = {token.type for token in tokens} | {child.type for token in tokens for child in token.children or ()}
    return found - HARMLESS


def test_a_markdown_reader_finds_only_words_in_a_stream(corpus: list[str]) -> None:
    wrong = {text[:60]: kinds(blocks.markdown(text)) for text in corpus if kinds(blocks.markdown(text))}
    assert not wrong, (len(wrong), list(wrong.items())[:8])


def test_a_markdown_reader_finds_one_fence_and_nothing_beside_it(corpus: list[str]) -> None:
    for text in corpus:
        code = f"````py\n{text}\n````" if "```" in text else f"```py\n{text}\n```"
        _, markdown = rendered(code, "[1]")
        assert kinds(markdown) <= {"fence"}, text[:80]


# --- the judges can find fault ---------------------------------------------------------------

LIVE = {
    "mention <@U9>": "hey <@U9>",
    "mention <#C9>": "in <#C9|lab>",
    "broadcast <!here>": "<!here>",
    "broadcast <!subteam^S1>": "<!subteam^S1>",
    "link https://evil.example": "<https://evil.example|x>",
    "hidden U+202E": "a\u202eb",
    "hidden U+E0041": "\U000e0041",
    "hidden U+200D": "a\u200db",
    "hidden U+D83D": "\ud83d",
}


@pytest.mark.parametrize("fault", LIVE)
def test_the_judge_finds_each_kind_in_mrkdwn(fault: str, judge: Judge) -> None:
    assert fault in judge.shown("x", blocks.section(LIVE[fault]))
    assert fault in judge.shown(LIVE[fault])


@pytest.mark.parametrize(
    ("markdown", "kind"),
    [
        ("[x](evil)", "link"),
        ("![x](https://evil.example/p.png)", "image"),
        ("[x][1]\n\n[1]: https://evil.example", "link"),
        ("https://evil.example", "link"),
        ("@here", "broadcast"),
        ("write to eve@evil.example", "address"),
        ("evil.example/?q=1", "path"),
        ("<@U9>", "mention"),
        ("x" * 12_001, "markdown"),
    ],
)
def test_the_judge_finds_each_kind_in_markdown(markdown: str, kind: str, judge: Judge) -> None:
    found = judge.shown("", {"type": "markdown", "text": markdown})
    assert any(fault.startswith(kind) for fault in found), found


@pytest.mark.parametrize(
    "block",
    [
        {"type": "section", "text": {"type": "mrkdwn", "text": "\U0001f600" * 1501}},
        {"type": "section", "text": {"type": "mrkdwn", "text": ""}},
        {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},
        {"type": "actions", "elements": [{"type": "button", "text": {"text": "x" * 76}}]},
        {"type": "actions", "elements": []},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11},
        {"type": "image", "image_url": "https://evil.example/p.png", "alt_text": "x"},
    ],
)
def test_the_judge_finds_what_is_too_long(block: dict[str, Any], judge: Judge) -> None:
    assert judge.shown("x", block)


def test_the_judge_finds_what_would_unfurl(judge: Judge) -> None:
    assert "would unfurl" in judge.message(Message("C1", "1.0", "U1", "<https://evil.example>"))
    assert not judge.message(Message("C1", "1.0", "U1", f"<{LINK}|a.pdf> <@{PERSON}>"))
    assert "unfurls" in judge.call("chat.postMessage", {"text": "x"}, None)
    assert "refused: invalid_blocks" in judge.call("chat.postMessage", {"text": "x"}, "invalid_blocks")


@pytest.mark.parametrize("name", ["escape", "markdown", "verbatim", "status_name"])
def test_without_its_guard_the_text_is_found_out(
    name: str, corpus: list[str], judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The corpus holds something that each guard, and no other, keeps out."""
    monkeypatch.setattr(blocks, name, lambda text: text)
    found = 0
    for text in corpus[:1500]:
        shown = [*sentence(TEXTS[0], text), ("", [blocks.section(blocks.status_name(text) or "x")])]
        found += any(judge.shown(said, *built) for said, built in shown)  # type: ignore[misc]
    assert found > 20


def test_the_corpus_is_the_same_each_time(shared_data: Path) -> None:
    assert generated() == generated()
    assert collected(shared_data) == collected(shared_data)
