"""What the bot says, as text and blocks: sentences for people, in one place."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot import blocks
from bot.events import IncomingMessage
from bot.records import Share
from rag.llms.base import BaseLLM
from rag.types import Answer, Citation, Outcome

KINDS = "PDF, Word, PowerPoint, Excel, CSV, Markdown, HTML, text or code"

HELP = f"""*I answer from the files in a conversation, and show where each answer stands.*
• Drop a file ({KINDS}) in a thread, mention me, and ask.
• In that thread, just go on asking. In a direct message, no mention is needed.
• `/ask your question` answers only you, from the files of the channel you are in.
• `/inhouse files` lists the files I know here; `/inhouse forget` makes me forget yours.
• Delete a file or a message in Slack, and I forget it too.
_Slack holds your files and my answers. I run on your team's own machine; no AI vendor sees anything._"""


def passage(citation: Citation) -> tuple[str, str]:
    """A verbatim passage, as mrkdwn and as Markdown."""
    words = " ".join(citation.quote.split())
    return f">{blocks.escape(words)} [{citation.number}]", f"> {blocks.markdown(words)} [{citation.number}]\n"


def sentence(text: str, citations: Sequence[Citation]) -> tuple[str, str]:
    """A checked sentence with its citation marks, as mrkdwn and as Markdown."""
    marks = "".join(f"[{citation.number}]" for citation in citations)
    return f"{blocks.escape(text)} {marks}", f"{blocks.markdown(text)} {marks}"


def nothing_asked(shares: Sequence[Share]) -> str:
    """To an empty mention."""
    if shares:
        known = blocks.names([share.name for share in shares])
        return f"What would you like to know? I know {known} here."
    return f"Drop a file here ({KINDS}), mention me, and ask something about it."


def no_files(*, any_failed: bool) -> str:
    """To a question where nothing is known."""
    if any_failed:
        return "So I have nothing here to answer from yet. Upload a copy that I can read, and ask again."
    return f"I know no files here yet. Drop one in this thread ({KINDS}), mention me, and ask again."


def files_gone() -> str:
    """Where a file was deleted while the answer was being written."""
    return "A file that this answer rested on was just deleted, so I took the answer back."


REFUSED = "I did not find this in the files."  # in the history, which must not keep the names of files


def refusal(shares: Sequence[Share]) -> str:
    """Where the files do not say."""
    searched = blocks.names(list(dict.fromkeys(share.name for share in shares)))
    return f"I did not find this in {searched}. If another file says it, drop it here and ask again."


def gave_up() -> str:
    """Where all attempts failed."""
    return "Something went wrong on our side, so I did not answer. Please ask again; the administrator's log says why."


def busy() -> str:
    """Where the queue is full."""
    return "More questions are waiting than I can take on just now. Please ask this one again in a few minutes."


def tail(
    answer: Answer,
    shares: Sequence[Share],
    permalinks: dict[str, str],
    llm: BaseLLM,
    message: IncomingMessage,
    narrowed: bool,
) -> list[blocks.Block]:
    """What stands below an answer: its sources, what was searched, and a way to search further."""
    parts = [] if answer.refused else blocks.sources(answer.citations, permalinks, answer.quoted)
    small_print = _foreign(answer) if answer.refused else _small_print(answer, shares, llm)
    if small_print:
        parts.append(blocks.context(small_print))
    if narrowed:
        value = json.dumps({"channel": message.channel, "ts": message.ts})
        parts.append(blocks.actions(blocks.button("Search the whole channel", blocks.WIDEN, value)))
    return parts


def _foreign(answer: Answer) -> str:
    if not answer.is_foreign:
        return ""
    return (
        "The trial model knows English only: it finds little for a question in another language and explains nothing."
    )


def _small_print(answer: Answer, shares: Sequence[Share], llm: BaseLLM) -> str:
    searched = blocks.names(list(dict.fromkeys(share.name for share in shares)), limit=3)
    notes = [f"Searched {searched}."]
    if answer.is_foreign:
        notes.append(_foreign(answer))
    if answer.outcome is Outcome.STOPPED:
        notes.append("Stopped.")
    notes.append(_who_wrote(answer, llm))
    return " ".join(filter(None, notes))


def _who_wrote(answer: Answer, llm: BaseLLM) -> str:
    if answer.outcome is Outcome.PASSAGE:
        added = ", not an answer of the model's"
        if llm.is_trial:
            added = f"; the trial model ({llm.name}) added nothing that could be proved"
        return f"This is the nearest passage, word for word{added}."
    if llm.is_trial:
        return f"Written by a small trial model ({llm.name}); trust the quote, check the rest."
    return ""


def known_files(shares: Sequence[Share]) -> list[str]:
    """For `/inhouse files`, line by line."""
    if not shares:
        return [f"I know no files in this conversation. Drop one ({KINDS}) and mention me."]
    lines = [f"*I know {len(shares)} file{'s' if len(shares) != 1 else ''} in this conversation:*"]
    for share in shares[:50]:
        name = blocks.linked(share.name, share.permalink)
        state = "" if share.state == "read" else ":warning: "
        lines.append(f"• {state}{name} from <@{share.user}>{f': {blocks.escape(share.note)}' if share.note else ''}")
    if len(shares) > 50:
        lines.append(f"… and {len(shares) - 50} more.")
    return lines


def forgotten(files: int, everything: bool) -> str:
    """For `/inhouse forget`."""
    whose = "everything I knew" if everything else "what you gave and asked me"
    return (
        f"I have forgotten {whose} in this conversation: {files} file{'s' if files != 1 else ''} and the history. "
        "The messages and files in Slack are still there; delete them in Slack if they should go too."
    )
