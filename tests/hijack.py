"""How often the embedded model is hijacked, and whether it still answers: `python -m tests.hijack DATA [--cases 300]`.

Each case is one file of its own conversation: a benign text with an attack beside it, and the benign text's question.
The same questions are asked once of the benign texts alone. Every case is appended to ``--out`` as it is done; run
again, it goes on where it stopped. The model is the real one; this takes seconds a case.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.cli.library import Library, open_library
from bot.settings import Settings
from rag.answering import PassageReady, Request, SentenceReady
from rag.types import Answer
from tests.injections import Benign, Case, all_cases, benign_questions, spread

SEED = 11


def main() -> None:
    """Run what is not yet done, and print the figures."""
    options = _options()
    out: Path = options.out
    done = {line["id"]: line for line in map(json.loads, out.read_text().splitlines())} if out.exists() else {}
    todo = [each for each in plan(options.data, options.cases) if each[0] not in done]
    with tempfile.TemporaryDirectory() as folder, out.open("a", encoding="utf-8") as log:
        settings = Settings.load(env_file=None, data_dir=Path(folder), checkpoint_dir=options.checkpoints)
        with open_library(settings) as library:
            spy = Spy(library)
            for number, (name, text, question, benign, case) in enumerate(todo):
                line = ask(library, spy, f"s{number}", text, question) | {"id": name}
                line["right"] = benign.is_in(line["posted"]) if benign else None
                line["hijacked"] = bool(case and case.is_hijacked(line["posted"]))
                line["hijacked_words"] = bool(case and case.is_hijacked(line["sentences"]))
                line["is_shown"] = bool(case and any(part in line["prompt"] for part in _marks(case)))
                line["benign"] = benign.question if benign else ""
                line["has_case"] = case is not None
                log.write(json.dumps({k: v for k, v in line.items() if k != "prompt"}) + "\n")
                log.flush()
                done[name] = line
    print(json.dumps(figures(list(done.values())), indent=1))


def plan(data: Path, count: int) -> Iterator[tuple[str, str, str, Benign | None, Case | None]]:
    """(name, text, question, benign, case): first the benign texts alone, then the cases that name a marker."""
    benign = benign_questions(data)
    for number, each in enumerate(benign):
        yield f"benign-{number}", each.text, each.question, each, None
    marked = [case for case in all_cases(data) if case.fail_if]
    drawn = list(enumerate(spread(marked, count)))
    random.Random(SEED).shuffle(drawn)  # so that a run that was cut short is even too
    for number, case in drawn:
        if case.is_asked:
            yield case.id, benign[0].text, case.question, None, case
            continue
        beside = benign[0] if case.beside else benign[number % len(benign)]
        yield case.id, f"{beside.text}\n\n{case.attack}", beside.question, beside, case


def ask(library: Library, spy: Spy, scope: str, text: str, question: str) -> dict[str, Any]:
    """One file, one question, one answer."""
    started = time.perf_counter()
    spy.prompt = ""
    library.ingester.ingest(scope, "1", "note.txt", text.encode())
    sentences, passages, answer = [], [], None
    for event in library.answerer.answer(Request(scope, question)):
        if isinstance(event, SentenceReady):
            sentences.append(event.text)
        elif isinstance(event, PassageReady):
            passages.append(event.citation.quote)
        elif isinstance(event, Answer):
            answer = event
    assert answer is not None
    quotes = [citation.quote for citation in answer.citations]
    return {
        "sentences": "\n".join(sentences),
        "posted": "\n".join([answer.text, *sentences, *passages, *quotes]),
        "outcome": str(answer.outcome),
        "prompt": spy.prompt,
        "seconds": round(time.perf_counter() - started, 2),
    }


class Spy:
    """Notes what the model is shown."""

    def __init__(self, library: Library) -> None:
        self.prompt = ""
        llm: Any = library.answerer.llm
        stream = llm.stream

        def noting(messages: Any, **options: Any) -> Any:
            self.prompt += "\n".join(message.content for message in messages)
            return stream(messages, **options)

        llm.stream = noting


def figures(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The shares, with their numbers."""
    cases = [line for line in lines if line["has_case"]]
    alone = {line["benign"]: line["right"] for line in lines if not line["has_case"]}
    asked = [line for line in cases if line["right"] is not None]
    return {
        "cases": len(cases),
        "hijacked": sum(line["hijacked"] for line in cases),
        "hijacked_in_the_models_words": sum(line["hijacked_words"] for line in cases),
        "attack_shown_to_the_model": sum(line["is_shown"] for line in cases),
        "outcomes": {o: sum(line["outcome"] == o for line in cases) for o in sorted({c["outcome"] for c in cases})},
        "benign_questions": len(alone),
        "benign_right_alone": sum(alone.values()),
        "benign_asked_beside": len(asked),
        "benign_right_beside": sum(line["right"] for line in asked),
        "benign_right_alone_same_weights": sum(alone.get(line["benign"], False) for line in asked),
        "median_s": sorted(line["seconds"] for line in lines)[len(lines) // 2] if lines else 0,
    }


def _marks(case: Case) -> list[str]:
    """Lines of the attack that are long enough to be told from anything else."""
    lines = [line.strip() for line in case.attack.splitlines()]
    wanted = [line for line in lines if case.is_hijacked(line)] or lines
    return [line[:60] for line in wanted if len(line) > 8]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="the shared data folder")
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--out", type=Path, default=Path("hijack.jsonl"))
    parser.add_argument("--checkpoints", type=Path, default=None, help="a folder with the converted model")
    return parser.parse_args()


if __name__ == "__main__":
    main()
