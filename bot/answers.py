"""Answers as people see them: text and blocks around what the library found. Words come from `bot.texts`."""

from __future__ import annotations

from collections.abc import Sequence

from bot import blocks
from bot.records import Share
from bot.rendering import rendered
from bot.texts import Texts
from rag.llms.base import BaseLLM
from rag.types import Answer, Citation, Outcome

# Values of the menu under an answer.
REGENERATE, SHORTER, LONGER, WIDEN, DELETE = "regenerate", "shorter", "longer", "widen", "delete"
ONLY = "only:"  # before a file's name: the value of a button below a question back

QUERY_CHARS = 300


def passage(citation: Citation) -> tuple[str, str]:
    """A verbatim passage, as mrkdwn and as Markdown."""
    words = " ".join(citation.quote.split())
    return f">{blocks.escape(words)} [{citation.number}]", f"> {blocks.markdown(words)} [{citation.number}]\n"


def sentence(text: str, citations: Sequence[Citation]) -> tuple[str, str]:
    """A checked sentence with its citation marks, as mrkdwn and as Markdown."""
    marks = "".join(f"[{citation.number}]" for citation in citations)
    return rendered(text, marks)


def names(texts: Texts, shares: Sequence[Share], limit: int = 6) -> str:
    """File names for a sentence: the first few, then how many more."""
    known = list(dict.fromkeys(share.name for share in shares))
    shown = ", ".join(map(blocks.code, known[:limit]))
    return texts("and-more", names=shown, count=len(known) - limit) if len(known) > limit else shown


def nothing_asked(texts: Texts, shares: Sequence[Share]) -> str:
    """To an empty mention."""
    return texts("what-to-know", names=names(texts, shares)) if shares else texts("drop-and-ask")


def no_files(texts: Texts, *, any_failed: bool) -> str:
    """To a question where nothing is known."""
    return texts("nothing-readable") if any_failed else texts("no-files")


def refusal(texts: Texts, shares: Sequence[Share], missing: Sequence[str] = (), nearest: Citation | None = None) -> str:
    """Where the files do not say: what was searched, what a file would have to speak of, and what came nearest."""
    searched = names(texts, shares)
    missing = [word for word in missing if len(word) > 3 or any(sign.isdigit() for sign in word)]
    words = ", ".join(blocks.code(blocks.shorten(word, 40)) for word in missing[:3])
    said = texts("refusal-missing", names=searched, words=words) if words else texts("refusal", names=searched)
    if nearest is None:
        return said
    where = nearest.location.label()  # no link: the text is Markdown in one place and mrkdwn in another
    place = ", ".join(blocks.code(part) for part in (nearest.file_name, where) if part)
    return f"{said} {texts('nearest', place=place)}"


def question_back(texts: Texts, choices: Sequence[str]) -> str:
    """Which of several files is meant."""
    return _which(texts, list(map(blocks.code, choices)))


def plain_question_back(texts: Texts, choices: Sequence[str]) -> str:
    """The same as the history keeps it, so that the reply to it is understood."""
    return _which(texts, [" ".join(name.split()) for name in choices])


def _which(texts: Texts, shown: Sequence[str]) -> str:
    return texts("which", names=", ".join(shown[:-1]), last=shown[-1]) if len(shown) > 1 else texts("which-file")


def tail(
    texts: Texts,
    answer: Answer,
    shares: Sequence[Share],
    permalinks: dict[str, str],
    llm: BaseLLM,
    *,
    narrowed: bool,
    is_anew: bool = False,
) -> list[blocks.Block]:
    """What stands below an answer: its sources, and in small print what was searched and who wrote it."""
    more = texts("more-sources", count=len(answer.citations) - blocks.MAX_SOURCES)
    parts = [] if answer.refused else blocks.sources(answer.citations, permalinks, answer.quoted, more)
    if answer.query:
        parts.append(blocks.context(texts("worked-out", query=_query(answer.query))))
    notes = _notes(texts, answer, shares, llm, narrowed=narrowed)
    if is_anew:
        notes.append(texts("written-anew"))
    if notes:
        parts.append(blocks.context(" ".join(notes)))
    return parts


def controls(texts: Texts, answer: Answer, *, narrowed: bool) -> list[blocks.Block]:
    """Votes and one menu. Who may use what is decided when it is used."""
    options = [(texts("regenerate"), REGENERATE)]
    if not answer.refused and not _is_asked(answer):
        options += [(texts("shorter"), SHORTER), (texts("longer"), LONGER)]
    if narrowed:
        options.append((texts("widen"), WIDEN))
    menu = blocks.overflow(blocks.MENU, *options, (texts("delete-answer"), DELETE))
    further = [blocks.button(texts("widen"), blocks.WIDEN)] if narrowed and answer.refused else []
    return [blocks.feedback(texts("good"), texts("bad")), blocks.actions(*_choices(answer), *further, menu)]


def _is_asked(answer: Answer) -> bool:
    return answer.outcome is Outcome.ASKED


def _choices(answer: Answer) -> list[blocks.Block]:
    """A button for each file that can be meant."""
    known = answer.choices if _is_asked(answer) else ()
    return [
        blocks.button(blocks.status_name(name), f"{blocks.CHOICE}_{number}", f"{ONLY}{name}")
        for number, name in enumerate(known, 1)
    ]


def _query(query: str) -> str:
    """A query on one line of bearable length, in backticks."""
    line = blocks.escape(blocks.shorten(" ".join(query.split()), QUERY_CHARS))
    return f"`{line.replace('`', 'ˋ')}`"


def _notes(texts: Texts, answer: Answer, shares: Sequence[Share], llm: BaseLLM, *, narrowed: bool) -> list[str]:
    foreign = [texts("foreign")] if answer.is_foreign else []
    if answer.refused or _is_asked(answer):
        return foreign
    searched = texts("searched-thread" if narrowed else "searched", names=names(texts, shares, limit=3))
    stopped = [texts("stopped")] if answer.outcome is Outcome.STOPPED else []
    return [searched, *foreign, *stopped, *_who_wrote(texts, answer, llm)]


def _who_wrote(texts: Texts, answer: Answer, llm: BaseLLM) -> list[str]:
    if answer.outcome is Outcome.PASSAGE:
        return [texts("passage-trial", model=llm.name) if llm.is_trial else texts("passage-only")]
    return [texts("written-by-trial", model=llm.name)] if llm.is_trial else []
