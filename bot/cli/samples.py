"""The sample files that `try` and `demo` show, what to ask of them, and what the page offers."""

from __future__ import annotations

from importlib.resources import files

MANUAL = "helios-3-manual.pdf"
CONTRACT = "supply-agreement.docx"
PRICES = "price-list.xlsx"

HINTS = (
    "How often must the air filter be cleaned?",
    "What is the notice period for terminating the agreement?",
    "What does error E-03 mean?",
    "Who won the world cup in 1998?",
)

# What the page offers beside messages; the names are those of the manifest.
COMMANDS = (
    ("/ask", "Ask privately: only you see the answer"),
    ("/inhouse", "help, files, forget, settings or privacy"),
)
SHORTCUTS = (
    ("ask_about", "Ask about this"),
    ("summarise_thread", "Summarise this thread"),
    ("add_files", "Add these files"),
)


def sample(name: str) -> tuple[str, bytes]:
    """A sample file's name and bytes."""
    return name, files("bot.samples").joinpath(name).read_bytes()
