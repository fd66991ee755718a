"""`inhouse models`: which models fit this machine. `inhouse models pull` is the only way one is ever fetched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSPC
from pathlib import Path
from typing import Any

import click

from bot.cli.outlook import Outlook
from bot.settings import Settings
from rag.errors import DiskFull, InhouseError, ModelNotFound, ModelRefused
from rag.llms import catalogue

# What is fetched: weights that cannot hold code, and the texts that describe them.
WANTED = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja", "LICENSE*", "README.md")
_CONVERT = (
    "On a machine of your own, load it with transformers and save it with "
    "`model.save_pretrained(FOLDER, safe_serialization=True)`, then name that folder with INHOUSE_MODEL."
)


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """List the language models that fit this machine, with memory and licence.

    Memory counts the weights in 4 bits and the caches of eight threads. Any other causal language
    model in the safetensors format works too: name it, or its folder, with INHOUSE_MODEL.
    """
    if context.invoked_subcommand:
        return
    outlook, in_use = Outlook.of_this_machine(), Settings.load().model
    rows = _rows(outlook, in_use)
    if as_json:
        click.echo(json.dumps(_as_json(outlook, in_use, rows)))
    else:
        _print(outlook, in_use, rows)


@models.command()
@click.argument("hf_model_id")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def pull(hf_model_id: str, as_json: bool) -> None:
    """Fetch HF_MODEL_ID (such as Qwen/Qwen3-1.7B) from Hugging Face, once.

    This is the only command that fetches anything, and only when you give it. Only safetensors
    weights and descriptions come, never code. Afterwards everything runs offline.
    """
    from rag.llms.model_files import find_model

    folder, size_bytes = _fetch(hf_model_id)
    find_model(hf_model_id)  # refuses what could not be loaded, while the administrator is looking
    if as_json:
        click.echo(json.dumps({"ok": True, "model": hf_model_id, "folder": folder, "size_bytes": size_bytes}))
    else:
        click.echo(f"{hf_model_id} is here. To use it, set INHOUSE_MODEL={hf_model_id} and start again.")


def _rows(outlook: Outlook, in_use: str | None) -> list[dict[str, Any]]:
    """The catalogue, each model with whether it fits, is here, is in use; the best fit is recommended."""
    fitting = outlook.fitting()
    best = next((entry for entry in fitting if entry.hf_model_id), None)
    return [
        {
            "name": entry.name,
            "id": entry.hf_model_id,
            "parameters": entry.parameters,
            "memory_bytes": entry.memory_bytes,
            "licence": entry.licence,
            "languages": entry.languages,
            "note": entry.note,
            "fits": entry in fitting,
            "here": _is_here(entry),
            "in_use": entry.hf_model_id == in_use,
            "recommended": entry is best,
        }
        for entry in catalogue.MODELS
    ]


def _is_here(entry: catalogue.Entry) -> bool:
    from rag.llms.model_files import find_model

    if entry.hf_model_id is None:
        return True
    try:
        find_model(entry.hf_model_id)
    except InhouseError:
        return False
    return True


def _as_json(outlook: Outlook, in_use: str | None, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "in_use": in_use or catalogue.MODELS[0].name,
        "memory_bytes": outlook.memory_bytes,
        "gpu_memory_bytes": outlook.gpu_memory_bytes,
        "cores": outlook.cores,
        "models": rows,
    }


def _print(outlook: Outlook, in_use: str | None, rows: list[dict[str, Any]]) -> None:
    gpu = f", {outlook.gpu_name} with {outlook.gpu_memory_bytes / 1e9:.1f} GB free" if outlook.gpu_name else ""
    click.echo(f"This machine: {outlook.cores} cores, {outlook.memory_bytes / 1e9:.1f} GB of memory free{gpu}.\n")
    click.echo(f"   {'model':<24}{'memory':>9}   {'licence':<12}{'fits':<13}note")
    for row in rows:
        mark = "*" if row["in_use"] else "+" if row["here"] else " "
        fits = "best here" if row["recommended"] else "yes" if row["fits"] else "no"
        memory = f"{row['memory_bytes'] / 1e9:.1f} GB"
        click.echo(f" {mark} {row['name']:<24}{memory:>9}   {row['licence']:<12}{fits:<13}{row['note']}")
    click.echo("\n * in use   + on this machine. 'no' is too large here, or too slow for people who wait.")
    if not any(row["in_use"] for row in rows):
        click.echo(f" In use is a model of your own, {in_use}; `inhouse doctor` says whether it fits.")
    best = next((row["id"] for row in rows if row["recommended"]), None)
    if best:
        click.echo(f" Fetch one with `inhouse models pull {best}`, then set INHOUSE_MODEL={best}.")


def _fetch(hf_model_id: str) -> tuple[str, int]:
    """The folder and its size. Raises: ModelNotFound, ModelRefused, DiskFull, before anything large is fetched."""
    import huggingface_hub
    from huggingface_hub import constants

    constants.HF_HUB_DISABLE_TELEMETRY = True
    if constants.HF_HUB_OFFLINE:
        raise ModelNotFound(
            "HF_HUB_OFFLINE is set, which forbids fetching. To fetch this once: "
            f"`HF_HUB_OFFLINE=0 inhouse models pull {hf_model_id}`."
        )
    with _named_errors(hf_model_id):
        files = huggingface_hub.HfApi().model_info(hf_model_id, files_metadata=True).siblings or []
        sizes = {file.rfilename: file.size or 0 for file in files}
        size_bytes = _checked_size(hf_model_id, sizes)
        click.echo(f"Fetching {hf_model_id}: {size_bytes / 1e9:.1f} GB ...", err=True)
        return huggingface_hub.snapshot_download(hf_model_id, allow_patterns=list(WANTED)), size_bytes


@contextmanager
def _named_errors(hf_model_id: str) -> Iterator[None]:
    from huggingface_hub import errors

    try:
        yield
    except errors.HFValidationError as error:
        raise ModelNotFound(f"{hf_model_id} is not a model's id; those look like Qwen/Qwen3-1.7B.") from error
    except errors.GatedRepoError as error:
        raise ModelNotFound(
            f"{hf_model_id} is given only to those who accepted its terms: accept them on its page, put an access "
            "token into the variable HF_TOKEN, and pull again."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise ModelNotFound(
            f"There is no model {hf_model_id}, or it is private; `inhouse models` lists some that there are."
        ) from error
    except (errors.HTTPError, OSError) as error:
        if getattr(error, "errno", None) == ENOSPC:
            raise DiskFull("The disk is full where models are kept; make room, then pull again.") from error
        raise ModelNotFound(
            "Hugging Face cannot be reached from this machine. Fetch the model where there is a network and copy its "
            "folder here, then name the folder with INHOUSE_MODEL; nothing else of Inhouse needs a network but Slack.",
            detail=type(error).__name__,
        ) from error


def _checked_size(hf_model_id: str, sizes: dict[str, int]) -> int:
    """Bytes to fetch. Raises: ModelRefused without safetensors, DiskFull without room."""
    from huggingface_hub import constants
    from huggingface_hub.utils import filter_repo_objects

    if not any(name.endswith(".safetensors") for name in sizes):
        raise ModelRefused(f"{hf_model_id} has no safetensors weights, and pickled ones can run code. {_CONVERT}")
    size_bytes = sum(sizes[name] for name in filter_repo_objects(sizes, allow_patterns=list(WANTED)))
    cache = Path(constants.HF_HUB_CACHE).absolute()
    cache = next(path for path in (cache, *cache.parents) if path.exists())
    free_bytes = shutil.disk_usage(cache).free
    if free_bytes < size_bytes:
        raise DiskFull(
            f"{hf_model_id} takes {size_bytes / 1e9:.1f} GB and {free_bytes / 1e9:.1f} are free where models are "
            "kept; make room, or set HF_HOME to a folder on another disk."
        )
    return size_bytes
