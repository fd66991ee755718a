"""The second start: weights as they were laid out, mapped into memory, and nothing built that is not needed."""

from __future__ import annotations

import gc
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from rag.llms import HuggingFaceLocalModel, layouts, loading
from rag.llms.imports import late, uncollected
from rag.llms.layouts import Layout, Traits

import torch  # isort: skip - after rag.llms, which sets the machine up
from rag.engine import kernel  # isort: skip
from rag.engine.blocks import BLOCK  # isort: skip
from rag.engine.pool import Pool  # isort: skip
from rag.engine.weights import Packed, Weights, weights_of  # isort: skip
from transformers import LlamaConfig, PreTrainedModel
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

from tests.rag.engine_models import OWN, tiny_nf4, tokens_of
from tests.rag.engine_stage import prompt, staged
from tests.rag.test_llms_local import ask, save_tiny_model

needs_kernel = pytest.mark.skipif(not kernel.runs_here(), reason="layouts are kept for AVX512-BF16 alone")

TRAITS = Traits(512, frozenset({1, 2}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nf4")


def matrices(weights: Weights) -> Iterator[Packed]:
    for layer in weights.layers:
        yield from (layer.qkv, layer.out, layer.open, layer.close)  # type: ignore[misc]
    assert weights.rough_head
    yield weights.rough_head


def written(model: PreTrainedModel | Weights) -> list[list[int]]:
    with staged(model, draft_tokens=3) as (engine, _):  # type: ignore[arg-type]
        return [list(engine.submit(prompt(tokens_of(seed, 90, 320), 30))) for seed in range(4)]


@needs_kernel
@pytest.mark.parametrize("family", OWN)
def test_weights_from_a_layout_write_what_the_model_writes(family: str, folder: Path, tmp_path: Path) -> None:
    model = tiny_nf4(family, folder)
    layouts.write(tmp_path / "kept", Layout(weights_of(model), TRAITS))
    kept = layouts.read(tmp_path / "kept")
    assert kept and kept.traits == TRAITS
    assert written(kept.weights) == written(model)


@needs_kernel
def test_a_layout_is_mapped_in_whole_lines_of_the_cache(folder: Path, tmp_path: Path) -> None:
    """The kernel reads 64 bytes at once, and the header before them has any length."""
    layouts.write(tmp_path / "kept", Layout(weights_of(tiny_nf4("qwen2", folder)), TRAITS))
    kept = layouts.read(tmp_path / "kept")
    assert kept
    assert {address % 64 for matrix in matrices(kept.weights) for address in matrix.addresses} == {0}
    mapped = {place.path for place in psutil.Process().memory_maps(grouped=False)}
    assert str(tmp_path / "kept" / "layout.safetensors") in mapped


@needs_kernel
@pytest.mark.parametrize("damage", ["flip", "cut", "no checksum", "no file"])
def test_a_damaged_layout_is_noticed(damage: str, folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    layouts.write(kept, Layout(weights_of(tiny_nf4("llama", folder)), TRAITS))
    spoil(kept, damage)
    assert layouts.read(kept) is None


def spoil(kept: Path, damage: str) -> None:
    path = kept / "layout.safetensors"
    content = bytearray(path.read_bytes())
    match damage:
        case "flip":
            content[len(content) // 2] ^= 1
            path.write_bytes(content)
        case "cut":
            path.write_bytes(content[:-64])
        case "no checksum":
            (kept / "layout.sha256").unlink()
        case _:
            path.unlink()


@needs_kernel
def test_the_second_start_builds_no_model_of_transformers_and_writes_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, kept = save_tiny_model(tmp_path / "model"), tmp_path / "kept"
    first = HuggingFaceLocalModel(source, checkpoint_dir=kept)
    read, reads = loading._read, []
    monkeypatch.setattr(loading, "_read", lambda *arguments: reads.append(1) or read(*arguments))
    second = HuggingFaceLocalModel(source, checkpoint_dir=kept)
    assert second.chat("hello") == first.chat("hello")
    assert not reads
    assert second.model.config.model_type == "llama" and reads, "but who asks for it gets it"


@needs_kernel
def test_a_damaged_layout_is_made_again_and_the_checkpoint_stays(tmp_path: Path) -> None:
    source, kept = save_tiny_model(tmp_path / "model"), tmp_path / "kept"
    first = HuggingFaceLocalModel(source, checkpoint_dir=kept).chat("hello")
    (layout,) = kept.glob("*/layout.safetensors")
    spoil(layout.parent, "flip")
    second = HuggingFaceLocalModel(source, checkpoint_dir=kept)
    assert second.from_checkpoint and second.chat("hello") == first
    assert layouts.read(layout.parent)


@needs_kernel
def test_other_weights_have_another_layout(tmp_path: Path) -> None:
    source, kept = save_tiny_model(tmp_path / "model"), tmp_path / "kept"
    HuggingFaceLocalModel(source, checkpoint_dir=kept)
    save_tiny_model(source, seed=4)
    HuggingFaceLocalModel(source, checkpoint_dir=kept)
    assert len(list(kept.glob("*/layout.safetensors"))) == 2


def test_a_model_that_cannot_be_laid_out_starts_from_its_checkpoint(tmp_path: Path) -> None:
    source, kept = save_tiny_model(tmp_path / "model"), tmp_path / "kept"
    models = [HuggingFaceLocalModel(source, bnb_4bit_quant_type="fp4", checkpoint_dir=kept) for _ in range(2)]
    assert models[1].from_checkpoint and not list(kept.glob("*/layout.safetensors"))
    assert models[0].chat("hello") == models[1].chat("hello")


def test_nothing_is_kept_of_the_first_forward(tmp_path: Path) -> None:
    model = HuggingFaceLocalModel(save_tiny_model(tmp_path / "model"), checkpoint_dir=tmp_path / "kept", warm=False)
    model.warm_up()
    model.warm_up()  # once more is no harm
    assert model.engine.stats().steps > 0 and model.engine.stats().kept_tokens == 0
    assert list(model.stream(ask("hello"), max_tokens=2))


@pytest.mark.slow
@needs_kernel
def test_the_second_start_imports_no_bitsandbytes_and_no_model_class(tmp_path: Path) -> None:
    source = save_tiny_model(tmp_path / "model")
    HuggingFaceLocalModel(source, checkpoint_dir=tmp_path / "kept")
    code = (
        "import sys; from pathlib import Path; from rag.llms import HuggingFaceLocalModel;"
        f"m = HuggingFaceLocalModel(Path({str(source)!r}), checkpoint_dir=Path({str(tmp_path / 'kept')!r}));"
        "m.chat('hello'); import rag.embeddings;"
        "print([n for n in ('bitsandbytes', 'sklearn', 'scipy.stats', 'transformers.models.llama.modeling_llama')"
        " if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize(
    "rope",
    [
        {"rope_type": "default", "rope_theta": 1e4},
        {"rope_type": "linear", "rope_theta": 1e4, "factor": 2.0},
        {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0, "original_max_position_embeddings": 64},
    ],
)
def test_angles_are_those_of_transformers(rope: dict[str, object], folder: Path) -> None:
    theirs = LlamaRotaryEmbedding(
        LlamaConfig(hidden_size=64, num_attention_heads=4, max_position_embeddings=256, rope_parameters=rope)
    )
    whole = weights_of(tiny_nf4("llama", folder))
    ours = Weights(
        **{name: getattr(whole, name) for name in Weights.__slots__}
        | {"frequencies": theirs.inv_freq, "scaling": theirs.attention_scaling}
    )
    cos, sin = theirs(torch.zeros(1), torch.arange(200)[None])
    assert torch.equal(ours.angles(200)[0], cos[0]) and torch.equal(ours.angles(200)[1], sin[0])


def test_the_pool_takes_no_memory_before_it_is_used() -> None:
    own = psutil.Process()
    before = own.memory_info().rss
    pool = Pool(8, 4, 64, 400_000_000 // (2 * 8 * 4 * 64 * BLOCK * 2), torch.bfloat16, torch.device("cpu"))
    assert pool.size_bytes > 350_000_000
    assert own.memory_info().rss - before < 50_000_000
    pool.keys[0, 0, 3] = 1
    assert pool.keys[0, 0, 3].sum() == 64 * BLOCK and not pool.keys[0, 0, 4].any() and not pool.values[0].any()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package with a module, both of which say when they are imported."""
    (tmp_path / "heavy").mkdir()
    (tmp_path / "heavy" / "__init__.py").write_text("import sys\nsys.modules['heavy_was_imported'] = sys\n")
    (tmp_path / "heavy" / "deep.py").write_text("def double(number):\n    return 2 * number\n")
    (tmp_path / "user_of_heavy.py").write_text("import heavy.deep\nfrom heavy.deep import double\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "heavy"
    for name in ("heavy", "heavy.deep", "heavy_was_imported", "user_of_heavy"):
        sys.modules.pop(name, None)


def test_a_late_package_is_imported_when_something_of_it_is_called(package: str) -> None:
    with late(package):
        user = importlib.import_module("user_of_heavy")
    assert "heavy_was_imported" not in sys.modules and package not in sys.modules
    assert user.double(21) == 42
    assert "heavy_was_imported" in sys.modules


def test_a_package_that_was_imported_before_keeps_nothing_of_the_stand_ins(package: str) -> None:
    heavy = importlib.import_module(package)
    with late(package):
        importlib.import_module("user_of_heavy")
    assert not hasattr(heavy, "deep")
    assert importlib.import_module("heavy.deep").double(2) == 4


def test_garbage_is_collected_again_after_an_import() -> None:
    assert gc.isenabled()
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            pass
        assert not gc.isenabled(), "the inner one leaves it as it found it"
    assert gc.isenabled()
