"""What is checked before a model is loaded; each refusal says what to do next."""

from __future__ import annotations

import importlib.metadata
import importlib.util

from packaging.specifiers import SpecifierSet

from rag.errors import ModelRefused, ModelTooLarge, VersionMismatch
from rag.llms import catalogue
from rag.llms.weights import Footprint

QUANT_TYPES = ("nf4", "fp4")
SUPPORTED = {
    "torch": ">=2.9,<3",
    "transformers": ">=5.23,<6",
    "accelerate": ">=1.10,<2",
    "bitsandbytes": ">=0.50,<0.51",
    "safetensors": ">=0.8,<1",
}


def check_versions() -> None:
    """Raises VersionMismatch where an installed package does not fit this code."""
    wrong = [problem for name, wanted in SUPPORTED.items() if (problem := _version_problem(name, wanted))]
    if wrong:
        raise VersionMismatch(
            f"Installed packages do not fit this version: {'; '.join(wrong)}. Install the versions that "
            "pyproject.toml names; `make try` does it."
        )
    if importlib.util.find_spec("kernels") is not None:
        raise VersionMismatch(
            "The package kernels is installed: with it, compiled code is fetched from the internet when the model "
            "starts. Remove it with `pip uninstall kernels`; nothing here needs it."
        )


def _version_problem(name: str, wanted: str) -> str | None:
    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return f"{name} is missing, {wanted} is needed"
    return None if SpecifierSet(wanted).contains(found, prereleases=True) else f"{name} is {found}, {wanted} is needed"


def check_quant_type(quant_type: str) -> None:
    """Raises ModelRefused for a kind of 4-bit weights that does not exist."""
    if quant_type not in QUANT_TYPES:
        raise ModelRefused(f"The quantisation type {quant_type} does not exist. Choose nf4 (advised) or fp4.")


def check_fits(name: str, footprint: Footprint, *, context_tokens: int, memory_bytes: int, on_gpu: bool) -> None:
    """Raises ModelTooLarge, naming what would fit, where the weights, one full prompt and working room do not."""
    prompt_bytes = context_tokens * footprint.kv_bytes_per_token
    need = max(footprint.loading_bytes, footprint.loaded_bytes + prompt_bytes) + catalogue.WORKING_BYTES
    if need <= memory_bytes:
        return
    place = "GPU memory" if on_gpu else "memory"
    fits = catalogue.fitting(*((0, memory_bytes) if on_gpu else (memory_bytes, 0)))
    advice = f"{fits[0].name} would fit" if fits else "No model of the list would fit; free some memory"
    raise ModelTooLarge(
        f"The model {name} needs about {_gb(need)} of {place}, and {_gb(memory_bytes)} are free. {advice}; "
        "`inhouse models` shows all that do."
    )


def _gb(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB"
