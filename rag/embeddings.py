"""HuggingFaceEmbedding: texts to unit vectors, on this machine.

Knows sentence-transformers; knows nothing of chunks, files or indexes.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from rag.llms import machine
from rag.llms.imports import late, uncollected

machine.set_up_machine()

with uncollected(), late("sklearn", "scipy"):
    import torch  # after the machine is set up
    from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer  # noqa: E402

from rag import pieces  # noqa: E402
from rag.errors import ModelNotFound, ModelRefused  # noqa: E402
from rag.llms import bert  # noqa: E402
from rag.llms.checkpoints import default_dir  # noqa: E402
from rag.llms.embedded import EMBEDDER, embedded_embedder  # noqa: E402
from rag.llms.memory import memory_errors  # noqa: E402
from rag.llms.model_files import PICKLED, content_sample  # noqa: E402
from rag.llms.threads import stay_with_one_thread  # noqa: E402

BATCH = 16  # texts at once; quickest of 8 to 64
QUESTIONS = 256  # whose vectors are remembered


class _Encoder(SentenceTransformer):
    """Encodes in several threads at once, so that a question does not wait for an upload. Its tokenizer cannot."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._reading = threading.Lock()
        super().__init__(*args, **options)

    def preprocess(self, *args: Any, **options: Any) -> Any:
        with self._reading:
            return super().preprocess(*args, **options)


class HuggingFaceEmbedding:
    """A local sentence embedder. Safe to share between threads, which it serves side by side.

    ``model`` is a hub id that is already in the local cache, or a folder; None is the embedded all-MiniLM-L6-v2.
    There is no remote mode: ``api_key`` is accepted for the sake of old code, with a warning that it is not used.

    Raises: ModelNotFound, ModelRefused.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        api_key: str | None = None,
        *,
        device: str | None = None,
        cache_dir: Path | None = None,
    ) -> None:
        if api_key is not None:
            warnings.warn("api_key is not used: texts are embedded on this machine", UserWarning, stacklevel=2)
        folder = embedded_embedder(cache_dir or default_dir()) if model is None else _find(str(model))
        _refuse_unsafe(folder)
        self.folder = folder
        logging.getLogger("sentence_transformers").setLevel(logging.ERROR)  # what it would say is said by our errors
        self._model = _Encoder(
            str(folder), device=device, local_files_only=True, trust_remote_code=False, backend="torch"
        )
        if _computes_bf16(self._model.device):
            self._model.bfloat16()
        self._pieces = _counter(self._model)
        transformer: Any = self._model[0]
        self._inputs = transformer.model.get_input_embeddings()
        self.name = EMBEDDER if model is None else Path(str(model)).name
        self.dimension = int(self._model.get_embedding_dimension() or 0)
        self.fingerprint = _fingerprint(folder, str(self._model.dtype))
        self.languages = frozenset({"en"}) if model is None else frozenset[str]()
        self.max_pieces = int(self._model.max_seq_length or 512) - self._model.tokenizer.num_special_tokens_to_add()
        self._quick = self._proved(bert.found_in(self._model))
        self._questions = _Questions(self._question)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Documents as vectors. Shape: (n, d) float32, unit rows; (0, d) for no texts."""
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for places in self._batches(texts):
            rows[places] = self._encode(self._model.encode_document, [texts[place] for place in places])
        return rows

    def embed_query(self, text: str) -> np.ndarray:
        """A question as a vector. Shape: (d,) float32, unit length."""
        return self._questions.vector(text)

    def forget(self) -> None:
        """Drop every vector that is kept of a question."""
        self._questions.forget()

    def count_pieces(self, texts: Sequence[str]) -> list[int]:
        """Word pieces of each text, without the model's own marks; compare with `max_pieces`."""
        encodings = self._pieces.encode_batch_fast([_valid(text) for text in texts], add_special_tokens=False)
        return [len(encoding.ids) for encoding in encodings]

    def held(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """How much of ``question`` stands in each text; see `rag.pieces`. Shape: (n,) float64, 0 to 1."""
        valid = [_valid(text) for text in (question, *texts)]
        own, *others = (encoding.ids for encoding in self._pieces.encode_batch_fast(valid, add_special_tokens=False))
        return pieces.held(own, others, self._input_rows)

    def _input_rows(self, ids: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return np.asarray(self._inputs(torch.from_numpy(ids).to(self._model.device)).float().cpu().numpy())

    def _question(self, text: str) -> np.ndarray:
        ids = self._pieces.encode(_valid(text)).ids if self._quick else []
        if self._quick is None or len(ids) > self.max_pieces:
            return self._encode(self._model.encode_query, [text])[0]
        with memory_errors():
            return np.asarray(self._quick.vector(ids).numpy(), dtype=np.float32)

    def _proved(self, quick: bert.Bert | None) -> bert.Bert | None:
        """``quick``, where it says what the model says: another pooling, or words put in front, would show."""
        if quick is None:
            return None
        wanted = self._encode(self._model.encode_query, list(bert.SAMPLES))
        found = [quick.vector(self._pieces.encode(text).ids).numpy() for text in bert.SAMPLES]
        return quick if float((wanted * np.stack(found)).sum(axis=1).min()) >= bert.SAME else None

    def _batches(self, texts: Sequence[str]) -> Iterator[list[int]]:
        """Places of texts of like length, so that little is padded."""
        places = sorted(range(len(texts)), key=lambda place: len(texts[place]), reverse=True)
        for start in range(0, len(places), BATCH):
            yield places[start : start + BATCH]

    def _encode(self, encode: Any, texts: list[str]) -> np.ndarray:
        valid = [_valid(text) for text in texts]
        if machine.gives_way():
            stay_with_one_thread()
        with memory_errors():
            rows = encode(valid, batch_size=BATCH, show_progress_bar=False, convert_to_tensor=True)
        # Made unit length here, in float32: in bf16 it would miss by half a percent.
        unit = torch.nn.functional.normalize(rows.float(), dim=1)
        return np.asarray(unit.cpu().numpy(), dtype=np.float32)


class _Questions:
    """Vectors of questions, each made once: a conversation's earlier ones are searched for again with each new one.

    Each is made by one thread, a few at the same time: for a dozen words a second thread is nothing but waiting, on a
    busy machine for a long time. What is kept for a while is a vector under its text's hash, never the text.
    """

    def __init__(self, embed: Callable[[str], np.ndarray]) -> None:
        self._embed = embed
        self._threads = ThreadPoolExecutor(machine.usable_cores(), "questions", initializer=stay_with_one_thread)
        self._known: OrderedDict[bytes, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def vector(self, text: str) -> np.ndarray:
        """Shape: (d,) float32."""
        key = hashlib.blake2b(_valid(text).encode(), digest_size=16).digest()
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key].copy()
        row = self._threads.submit(self._embed, text).result()
        with self._lock:
            self._known[key] = row
            while len(self._known) > QUESTIONS:
                self._known.popitem(last=False)
        return row.copy()

    def forget(self) -> None:
        """Drop them all: whose question each was is not known."""
        with self._lock:
            self._known.clear()


def _valid(text: str) -> str:
    """Half a surrogate pair, as a cut-off emoji in JSON leaves behind, is no text that a tokenizer takes."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


def _find(model: str) -> Path:
    """The folder of a model. Never asks the hub."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder.resolve()
    try:
        found = try_to_load_from_cache(model, "config.json")
    except HFValidationError:
        found = None
    if not isinstance(found, str):
        raise ModelNotFound(
            "The embedding model is not on this machine, and it is never fetched by itself. Fetch it once with "
            "`inhouse models pull`, name a folder, or leave INHOUSE_EMBEDDING_MODEL unset for the embedded one."
        )
    return Path(found).parent


def _refuse_unsafe(folder: Path) -> None:
    """Weights must be safetensors, and every module one of sentence-transformers' own."""
    if not any(folder.glob("*.safetensors")):
        if any(next(folder.glob(pattern), None) for pattern in PICKLED):
            raise ModelRefused(
                "The embedding model has only pickled weights, which can run code when they are read. On a machine "
                "where you trust it, convert it once: SentenceTransformer(FOLDER).save(NEW_FOLDER)."
            )
        raise ModelNotFound("The embedding model's folder holds no weights: not one .safetensors file.")
    modules = folder / "modules.json"
    if not modules.is_file():
        return
    for module in json.loads(modules.read_text(encoding="utf-8")):
        if not str(module.get("type", "")).startswith("sentence_transformers."):
            raise ModelRefused("The embedding model needs to run code of its own, which is never done here.")


def _counter(model: SentenceTransformer) -> Tokenizer:
    """A tokenizer of its own for counting: it never cuts, and shares no switches with the one that encodes."""
    tokenizer = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _computes_bf16(device: torch.device) -> bool:
    """Whether bf16 is the processor's own: then three times as fast as fp32, vectors alike to a cosine of 0.9999."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu._is_avx512_bf16_supported())


def _fingerprint(folder: Path, dtype: str) -> str:
    """Sixteen hex digits that change when weights or settings do, and stay when the folder moves."""
    digest = hashlib.sha256(dtype.encode())
    for path in sorted((*folder.rglob("*.safetensors"), *folder.rglob("*config.json"), *folder.glob("modules.json"))):
        digest.update(path.relative_to(folder).as_posix().encode() + content_sample(path))
    return digest.hexdigest()[:16]
