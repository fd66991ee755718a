"""Builds the library's rooms from the settings, once, in the order in which they need each other."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot import logs, schema
from bot.settings import Settings
from rag import digests as digests_module
from rag import store as store_module
from rag.answering import Answerer
from rag.calibrations import read_own
from rag.data_loaders import parse_file
from rag.data_loaders.limits import Limits
from rag.database import Database
from rag.digest import Digester
from rag.engine.limits import Wishes
from rag.erase import Eraser
from rag.errors import DiskFull
from rag.gate import Gate
from rag.grounding import Checker
from rag.ingest import Ingester
from rag.llms.base import BaseLLM
from rag.originals import Originals
from rag.retrieve import Reranker, Retriever
from rag.store import Store
from rag.tables.answering import TableAnswerer
from rag.tables.exam import Exam
from rag.types import Embedder
from rag.vectors import VectorIndex

if TYPE_CHECKING:
    from rag.llms.huggingface_local import HuggingFaceLocalModel

log = logging.getLogger(__name__)

MIN_FREE_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class Library:
    """Everything below the bot, ready for use."""

    database: Database
    store: Store
    embedder: Embedder
    ingester: Ingester
    retriever: Retriever
    answerer: Answerer
    eraser: Eraser
    digester: Digester
    exam: Exam


@contextmanager
def open_library(settings: Settings, models: tuple[BaseLLM, Embedder] | None = None) -> Iterator[Library]:
    """The library over ``settings.data_dir``; closed at the end. ``models``: instead of those that the settings name.

    Raises: InhouseError.
    """
    folder = settings.data_dir
    _check_disk(folder)
    with Database(
        folder / "inhouse.db", [store_module.MIGRATIONS, digests_module.MIGRATIONS, schema.MIGRATIONS]
    ) as database:
        llm, embedder = models or load_models(settings)
        store = Store(database)
        index_path = folder / "vectors.faiss"
        vectors = VectorIndex.open(index_path, store, embedder.dimension, embedder.fingerprint)
        originals = Originals(folder / "originals")
        limits = Limits(
            wall_s=settings.parse_timeout_s,
            memory_bytes=settings.parse_memory_bytes,
            size_bytes=settings.max_file_bytes,
        )
        parse = partial(parse_file, limits=limits)
        exam = Exam(folder / "tables-exam.json", settings.model or llm.name)
        tables = TableAnswerer(llm, originals, store, may_ask=exam.is_passed)
        retriever = Retriever(store, vectors, embedder, reranker=_reranker(settings))
        answerer = _answerer(settings, retriever, llm, embedder, tables)
        library = Library(
            database,
            store,
            embedder,
            Ingester(store, vectors, embedder, originals, parse=parse),
            retriever,
            answerer,
            Eraser(store, vectors, originals, index_path, forget=answerer.forget),
            Digester(store, llm, embedder, digests_module.Digests(database)),
            exam,
        )
        library.eraser.finish()
        try:
            yield library
        finally:
            if models is None:  # others' are others' to end
                llm.close()
        vectors.save(index_path, store)


def _answerer(
    settings: Settings, retriever: Retriever, llm: BaseLLM, embedder: Embedder, tables: TableAnswerer
) -> Answerer:
    own = read_own(settings.data_dir / "calibration.json", embedder.fingerprint)
    return Answerer(
        retriever,
        llm,
        embedder,
        gate=Gate.of(embedder, own),
        tables=tables,
        checker=_checker(settings),
        budget_tokens=settings.context_tokens,
        max_tokens=settings.max_answer_tokens,
    )


def _reranker(settings: Settings) -> Reranker | None:
    if settings.reranker_model is None:
        return None
    from rag.llms.rerankers import CrossEncoderReranker

    return CrossEncoderReranker(settings.reranker_model)


def _checker(settings: Settings) -> Checker | None:
    if settings.grounding_model is None:
        return None
    from rag.llms.checkers import SequenceChecker

    return SequenceChecker(settings.grounding_model)


def load_models(settings: Settings) -> tuple[BaseLLM, Embedder]:
    """The language model and the embedder that the settings name. Raises: ModelError."""
    from rag.llms.machine import set_up_machine

    started = time.perf_counter()
    set_up_machine(settings.threads)
    llm = _load_language_model(settings)
    # The language model warms up in its own thread while the embedder's libraries are imported here.
    from rag.embeddings import HuggingFaceEmbedding

    embedder = HuggingFaceEmbedding(model=settings.embedding_model)
    embedder.embed_query("Good morning.")
    llm.warm_up()
    log.info("models=%s,%s seconds=%.1f", llm.name, embedder.name, time.perf_counter() - started)
    return llm, embedder


def _load_language_model(settings: Settings) -> HuggingFaceLocalModel:
    from rag.llms.embedded import load_embedded_model
    from rag.llms.huggingface_local import HuggingFaceLocalModel

    if settings.model is None:
        return load_embedded_model(checkpoint_dir(settings), wishes=wishes(settings), warm=False)
    return HuggingFaceLocalModel(
        settings.model,
        bnb_4bit_quant_type=settings.quant_type,
        bnb_4bit_use_double_quant=settings.double_quant,
        device_map=settings.device_map,
        checkpoint_dir=checkpoint_dir(settings),
        wishes=wishes(settings),
        warm=False,
    )


def wishes(settings: Settings) -> Wishes:
    """What the settings decide of how the model works; the rest is chosen from the machine."""
    return Wishes(
        streams=settings.answers_at_once,
        cache_bytes=settings.cache_memory_bytes,
        context_tokens=settings.model_window_tokens,
        chunk_tokens=settings.prompt_step_tokens,
        threads=settings.threads,
        draft_tokens=settings.draft_tokens,
    )


def worker_count(settings: Settings, llm: BaseLLM) -> int:
    """Jobs done at the same time. Fewer than two would let one file keep all questions waiting."""
    return settings.workers or max(2, llm.streams)


def checkpoint_dir(settings: Settings) -> Path:
    """Where converted models are kept, so that the second start is quick."""
    return settings.checkpoint_dir or settings.data_dir / "checkpoints"


def set_up_logging(level: str) -> None:
    """Log to standard error; libraries only where something is wrong."""
    logs.set_up(level)


def say(text: str) -> None:
    """Progress for people, on standard error."""
    click.echo(text, err=True)


def _check_disk(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_mode & 0o077:
        with suppress(PermissionError):  # another user's folder; `inhouse doctor` speaks of it
            folder.chmod(0o700)
    free = shutil.disk_usage(folder).free
    if free < MIN_FREE_BYTES:
        raise DiskFull(
            f"Only {free // 1_000_000} MB are free where Inhouse keeps its data; "
            f"it needs {MIN_FREE_BYTES // 1_000_000}. "
            "Make room, or set INHOUSE_DATA_DIR to another disk."
        )
