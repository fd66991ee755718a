"""The sample files that `try` and `demo` show, and what to ask of them."""

from __future__ import annotations

from importlib.resources import files

MANUAL = "helios-3-manual.pdf"
CONTRACT = "supply-agreement.docx"
PRICES = "price-list.xlsx"

HINTS = (
    "@inhouse How often must the air filter be cleaned?",
    "@inhouse What is the notice period for terminating the agreement?",
    "@inhouse What does error E-03 mean?",
    "@inhouse Who won the world cup in 1998?",
)


def sample(name: str) -> tuple[str, bytes]:
    """A sample file's name and bytes."""
    return name, files("bot.samples").joinpath(name).read_bytes()
