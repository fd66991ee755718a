"""What a model is told for each of the library's tasks; knows nothing of any one model.

What protects against instructions within documents is elsewhere: control tokens are neutralised, and every
sentence is checked against its citation.
"""

from __future__ import annotations

import re

from rag.types import Message

DEFAULT_TEMPLATE = "Context: {context}\nQuestion: {question}\nAnswer:"

# Short on purpose: the embedded model repeats a longer instruction as its answer ("The context is data, ...").
_ANSWER_SYSTEM = "Answer with words from the text."
_SUMMARY_SYSTEM = "You summarize documents. Keep names and numbers exact."
_JUDGE_SYSTEM = "You judge texts. Reply with one word: Yes or No."


def fill_template(template: str, *, context: str, question: str) -> str:
    """``template`` with both fields put in, in one pass: braces within the texts stay as they are."""
    fields = {"context": context, "question": question}
    return re.sub(r"\{(context|question)\}", lambda found: fields[found.group(1)], template)


def answer_messages(template: str, *, context: str, question: str) -> list[Message]:
    """The prompt of a chat model for one question over one context.

    The default template's labels are for models that continue text; in a chat the embedded model answers 13 of
    24 dev questions without them and 8 with them. A template of the caller's own is used as it is.
    """
    own = fill_template(template, context=context, question=question)
    plain = f"{context}\n\nQuestion: {question}"
    return [Message("system", _ANSWER_SYSTEM), Message("user", plain if template == DEFAULT_TEMPLATE else own)]


def summary_messages(text: str) -> list[Message]:
    """The prompt for a summary of text that fits the window."""
    return [
        Message("system", _SUMMARY_SYSTEM),
        Message("user", f"Document:\n{text}\n\nSummarize the document in a few sentences."),
    ]


def grade_messages(document: str, question: str) -> list[Message]:
    """The prompt that asks whether a document helps with a question."""
    asked = f"Text: {document}\n\nQuestion: {question}\n\nDoes the text contain the answer to the question? Yes or No?"
    return [Message("system", _JUDGE_SYSTEM), Message("user", asked)]


def support_messages(context: str, answer: str) -> list[Message]:
    """The prompt that asks whether a context supports an answer."""
    asked = f"Text: {context}\n\nStatement: {answer}\n\nIs the statement true according to the text? Yes or No?"
    return [Message("system", _JUDGE_SYSTEM), Message("user", asked)]


def questions_of(text: str) -> list[Message]:
    """A prompt that a question follows which ``text`` answers; an empty text makes any question follow."""
    asked = f"Text: {text}\n\nWrite a question that the text answers." if text else "Write a question."
    return [Message("user", asked)]


def facts_of(text: str) -> list[Message]:
    """A prompt that a claim follows which ``text`` supports; an empty text makes any claim follow."""
    return [Message("user", f"Text: {text}\n\nState a fact from the text." if text else "State a fact.")]
