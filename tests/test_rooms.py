"""The rooms of the design keep to themselves: who may import, construct and say what.

Each rule is a function from parsed modules to complaints; it is held against the tree, and against
a made-up module that breaks it, so that a rule which can no longer fail is noticed too.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
OURS = ("rag", "bot", "tests")

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50

# Who may import what is not ours. A name stands for itself and everything below it.
OWNERS = {
    "slack_sdk": ("bot",),
    "slack_bolt": ("bot",),
    "sqlite_utils": ("rag.database", "rag.store", "rag.digests", "bot.records", "bot.schema"),
    # The doctor must look at a database that does not open; uploaded tables are asked in memory.
    "sqlite3": ("rag.database", "rag.tables.database", "bot.cli.checks"),
    "faiss": ("rag.vectors",),
    "torch": ("rag.llms", "rag.embeddings", "rag.engine", "rag.bench"),
    "transformers": ("rag.llms", "rag.embeddings", "rag.engine", "rag.bench"),
    "bitsandbytes": ("rag.llms", "rag.engine"),
    "numba": ("rag.engine", "rag.llms.products"),
    "llvmlite": ("rag.engine",),
    "sentence_transformers": ("rag.embeddings", "rag.bench.plain_encode"),
    "pypdfium2": ("rag.data_loaders",),
    "pypdf": ("rag.data_loaders",),
    "docx": ("rag.data_loaders",),
    "pptx": ("rag.data_loaders",),
    "openpyxl": ("rag.data_loaders",),
    "selectolax": ("rag.data_loaders",),
}
ENVIRONMENT = ("bot.settings", "rag.llms.machine")  # the second sets what PyTorch reads before it is imported

# Rooms of the bot from the top of the house to the bottom: each imports only from rooms below it, or its own.
# `jobs` stands low though it calls turns: it is handed them, and knows only what a handler is.
STOREYS = (
    ("cli",),
    ("app",),
    ("listeners",),
    ("forgetter",),
    ("catchup",),
    ("inbox", "commands", "turns", "asks", "home", "revisions", "retention"),
    ("briefings", "guarded"),
    ("summaries", "digests", "comparisons", "recaps"),
    ("asides", "home_view", "pane", "channel_modal", "erasures", "replaying", "uploads", "writing", "notices"),
    ("receipts", "progress", "forgetting", "overview", "access", "feedback", "spoken"),
    ("replies", "conversations", "downloads", "answers", "people", "membership"),
    ("delivery", "rendering", "brief"),
    ("history", "channels", "jobs", "versions", "splitting", "pacing", "chosen"),
    ("audit", "ledger"),
    ("records", "preflight", "rates", "intents", "egress", "watchdog"),
    ("schema", "texts", "events", "blocks", "settings", "samples", "dates", "scope", "logs", "gates"),
)
WORKSPACE = "bot.workspace"
WORKSPACE_GUESTS = ("bot.cli", "tests")

# What only `bot.cli` builds; everybody else receives it.
BUILT_IN_CLI = frozenset(
    """Database Store Originals Ingester Retriever Answerer Eraser Records Jobs Inbox Commands Turns Access Uploads
    Downloads Conversations Erasures Notices Workspace Bot Desk History Channels People Writer Asides Asks Summaries
    CatchUp Home Pane Overview Membership Revisions Feedback Retention Summarizer Digester Briefings Digests Comparisons
    Recaps Ledger TableAnswerer Forgetter SequenceChecker CrossEncoderReranker""".split()
)
CONSTRUCTORS = ("bot.cli", "tests", "rag.evals")

SLACK_WORDS = re.compile(r"\b(slack\w*|channels?|thread_ts|workspace|block.?kit|mrkdwn)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Module:
    """One parsed source file."""

    name: str  # "rag.llms.base"
    tree: ast.Module
    lines: int
    is_package: bool = False


@dataclass(frozen=True)
class Import:
    """One imported module or name, as a dotted path."""

    target: str
    line: int
    inside: bool  # of a function: only made when it runs
    typing_only: bool  # under TYPE_CHECKING: never made


def parsed(name: str, source: str, *, is_package: bool = False) -> Module:
    return Module(name, ast.parse(source), len(source.splitlines()), is_package)


def read_modules(folder: Path, *rooms: str) -> list[Module]:
    modules = []
    for path in sorted(path for room in rooms for path in (folder / room).rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        modules.append(parsed(name, path.read_text(encoding="utf-8"), is_package=is_package))
    return modules


@functools.cache
def imports_of(module: Module) -> tuple[Import, ...]:
    """Every import, also inside functions and under TYPE_CHECKING. `from a import b` is both a and a.b."""

    def walk(node: ast.AST, inside: bool, typing_only: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            is_typing = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
            for target in _targets(module, child):
                yield Import(target, child.lineno, inside, typing_only)  # type: ignore[attr-defined]
            yield from walk(child, inside or is_function, typing_only or is_typing)

    return tuple(walk(module.tree, False, False))


def _targets(module: Module, node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        parts = module.name.split(".")
        parts = parts[: len(parts) - node.level + module.is_package]
        base = ".".join([*parts, base] if base else parts)
    return [base, *(f"{base}.{alias.name}" for alias in node.names)]


def is_in(name: str, *rooms: str) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


# --- the rules ---------------------------------------------------------------------------------


Rule = Callable[[list[Module]], Iterable[str]]


def rag_never_imports_bot(modules: list[Module]) -> Iterator[str]:
    for module, found in _all_imports(modules):
        if is_in(module.name, "rag") and is_in(found.target, "bot", "tests"):
            yield f"{module.name}:{found.line} imports {found.target}"


def nothing_imports_the_tests(modules: list[Module]) -> Iterator[str]:
    for module, found in _all_imports(modules):
        if not is_in(module.name, "tests") and is_in(found.target, "tests"):
            yield f"{module.name}:{found.line} imports {found.target}"


def types_and_errors_import_nothing_of_ours(modules: list[Module]) -> Iterator[str]:
    for module, found in _all_imports(modules):
        if module.name in {"rag.types", "rag.errors"} and is_in(found.target, *OURS):
            yield f"{module.name}:{found.line} imports {found.target}"


def models_know_no_store(modules: list[Module]) -> Iterator[str]:
    """`rag.llms` and `rag.engine` stand on types, errors and each other."""
    rooms = ("rag.llms", "rag.engine")
    for module, found in _all_imports(modules):
        allowed = is_in(found.target, *rooms, "rag.types", "rag.errors") or found.target == "rag"
        if is_in(module.name, *rooms) and is_in(found.target, *OURS) and not allowed:
            yield f"{module.name}:{found.line} imports {found.target}"


def every_library_has_its_owners(modules: list[Module]) -> Iterator[str]:
    for module, found in _all_imports(modules):
        owners = OWNERS.get(found.target.split(".")[0])
        if owners is not None and not is_in(module.name, *owners):
            yield f"{module.name}:{found.line} imports {found.target}"


def only_settings_read_the_environment(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        if is_in(module.name, *ENVIRONMENT):
            continue
        for node in ast.walk(module.tree):
            is_attribute = isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv", "putenv"}
            is_name = isinstance(node, ast.ImportFrom) and node.module == "os" and "env" in ast.dump(node)
            if is_attribute or is_name:
                yield f"{module.name}:{node.lineno} uses the environment"


def the_bot_imports_downwards(modules: list[Module]) -> Iterator[str]:
    level = {f"bot.{room}": depth for depth, storey in enumerate(STOREYS) for room in storey}
    for module in modules:
        if not is_in(module.name, "bot") or module.name == "bot" or is_in(module.name, WORKSPACE):
            continue
        here = _room(module.name)
        if here not in level:
            yield f"{module.name} has no storey: say in STOREYS where it belongs"
            continue
        for found in imports_of(module):
            there = _room(found.target)
            if there in level and there != here and level[there] <= level[here]:
                yield f"{module.name}:{found.line} imports {found.target}, which is not below it"


def _room(name: str) -> str:
    return ".".join(name.split(".")[:2])


def only_cli_and_tests_know_the_workspace(modules: list[Module]) -> Iterator[str]:
    for module, found in _all_imports(modules):
        if is_in(found.target, WORKSPACE) and not is_in(module.name, WORKSPACE, *WORKSPACE_GUESTS):
            yield f"{module.name}:{found.line} imports {found.target}"


def the_workspace_knows_no_bot(modules: list[Module]) -> Iterator[str]:
    """The stand-in must not share code with what it is a test of."""
    for module, found in _all_imports(modules):
        allowed = is_in(found.target, WORKSPACE) or found.target == "bot"
        if is_in(module.name, WORKSPACE) and is_in(found.target, "bot", "rag") and not allowed:
            yield f"{module.name}:{found.line} imports {found.target}"


def only_cli_constructs(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        if is_in(module.name, *CONSTRUCTORS):
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BUILT_IN_CLI:
                yield f"{module.name}:{node.lineno} builds {node.func.id}"


def no_import_goes_in_a_circle(modules: list[Module]) -> Iterator[str]:
    """Imports inside functions count; those for types only do not."""
    names = {module.name for module in modules}
    graph = {
        module.name: {
            target
            for found in imports_of(module)
            if not found.typing_only
            and (target := found.target) in names
            and target != module.name
            # a package's own files import each other through it by name only
            and not is_in(module.name, target)
        }
        for module in modules
    }
    for circle in _circles(graph):
        yield " → ".join(circle)


def _circles(graph: dict[str, set[str]]) -> list[list[str]]:
    done: set[str] = set()
    circles: list[list[str]] = []

    def visit(name: str, path: list[str]) -> None:
        if name in path:
            circles.append([*path[path.index(name) :], name])
        elif name not in done:
            for target in sorted(graph.get(name, ())):
                visit(target, [*path, name])
            done.add(name)

    for name in sorted(graph):
        visit(name, [])
    return circles


def files_and_functions_are_small(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        if module.lines > MAX_FILE_LINES and not is_in(module.name, "tests"):
            yield f"{module.name} has {module.lines} lines"
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _is_migration(node):
                continue
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                yield f"{module.name}:{node.lineno} {node.name} has {length} lines"


def _is_migration(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A migration is a table of columns rather than logic, and is never touched again."""
    return bool(re.fullmatch(r"m\d{3}_\w+", node.name)) and bool(node.decorator_list)


def only_commands_print(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        if is_in(module.name, "bot.cli", "tests"):
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                yield f"{module.name}:{node.lineno} prints"


def every_public_name_is_described(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        if is_in(module.name, "tests"):
            continue
        if module.tree.body and not ast.get_docstring(module.tree):
            yield f"{module.name} does not say what it does and does not know"
        for node in module.tree.body:
            is_public = isinstance(node, _DEFINITIONS) and not node.name.startswith("_")
            if is_public and not ast.get_docstring(node):  # type: ignore[arg-type]
                yield f"{module.name}:{node.lineno} {node.name} has no docstring"  # type: ignore[attr-defined]


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def rag_has_never_heard_of_slack(modules: list[Module]) -> Iterator[str]:
    """No word of Slack's in names, strings or docstrings."""
    for module in modules:
        if not is_in(module.name, "rag"):
            continue
        for node in ast.walk(module.tree):
            for word in SLACK_WORDS.findall(" ".join(_words(node))):
                yield f"{module.name}:{getattr(node, 'lineno', 0)} says {word!r}"


def _words(node: ast.AST) -> Iterator[str]:
    for value in (getattr(node, field, None) for field in ("id", "attr", "arg", "name", "value")):
        if isinstance(value, str):
            yield value


def file_names_say_what_is_inside(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        if re.search(r"(^|[._])(utils?|helpers?|managers?|common|misc)($|[._])", module.name):
            yield f"{module.name} could hold anything"


def _all_imports(modules: list[Module]) -> Iterator[tuple[Module, Import]]:
    for module in modules:
        for found in imports_of(module):
            yield module, found


# --- held against the tree, and against what breaks them ---------------------------------------


# For each rule a module's name and a source that breaks it.
BROKEN: dict[Rule, tuple[tuple[str, str], ...]] = {
    rag_never_imports_bot: (
        ("rag.answering", "from bot.events import Respond"),
        ("rag.answering", "def late():\n    import bot"),
        ("rag.answering", "if TYPE_CHECKING:\n    from bot import events"),
    ),
    nothing_imports_the_tests: (("bot.jobs", "from tests.rag.fakes import ScriptedModel"),),
    types_and_errors_import_nothing_of_ours: (
        ("rag.types", "from rag import errors"),
        ("rag.errors", "from . import types"),
    ),
    models_know_no_store: (
        ("rag.llms.base", "from rag.store import Store"),
        ("rag.llms.base", "from ..store import S"),
        ("rag.engine.line", "from rag.store import Store"),
    ),
    every_library_has_its_owners: (
        ("rag.answering", "import torch.nn as nn"),
        ("rag.store", "import faiss"),
        ("rag.prompts", "from slack_sdk.errors import SlackApiError"),
        ("bot.inbox", "if TYPE_CHECKING:\n    from sqlite_utils import Database"),
    ),
    only_settings_read_the_environment: (
        ("bot.app", "import os\nhome = os.environ['HOME']"),
        ("rag.store", "from os import getenv"),
        ("rag.store", "import os\nos.getenv('HOME')"),
    ),
    the_bot_imports_downwards: (
        ("bot.replies", "from bot.turns import Turns"),
        ("bot.jobs", "def run():\n    from bot import turns"),
        ("bot.turns", "from bot.inbox import Inbox"),
        ("bot.novel", "import json"),
    ),
    only_cli_and_tests_know_the_workspace: (("bot.turns", "from bot.workspace.state import User"),),
    the_workspace_knows_no_bot: (("bot.workspace.state", "from bot.blocks import escape"),),
    only_cli_constructs: (("bot.turns", "records = Records(database)"),),
    files_and_functions_are_small: (
        ("rag.store", "def long():\n" + "    pass\n" * 50),
        ("rag.store", "x = 1\n" * 401),
    ),
    only_commands_print: (("bot.jobs", "print('done')"),),
    every_public_name_is_described: (
        ("rag.store", '"""Says."""\ndef save():\n    return 1'),
        ("rag.store", '"""Says."""\nclass Store:\n    pass'),
        ("rag.store", "x = 1"),
        ("rag.data_loaders.csv", '"""Says."""\ndef blocks(reading):\n    return ()'),
        ("bot.workspace.methods.chat", '"""Says."""\nasync def update(core, args):\n    return {}'),
    ),
    rag_has_never_heard_of_slack: (
        ("rag.store", '"""Keeps files of a Slack team."""'),
        ("rag.store", "def find(channel):\n    return channel"),
    ),
    file_names_say_what_is_inside: (("rag.text_utils", ""), ("bot.helpers", "")),
}


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    found = read_modules(REPOSITORY, "rag", "bot")
    assert len(found) > 60
    return found


@pytest.mark.parametrize("rule", [*BROKEN, no_import_goes_in_a_circle], ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule: Rule, modules: list[Module]) -> None:
    complaints = list(rule(modules))
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize(
    ("rule", "name", "source"),
    [(rule, name, source) for rule, broken in BROKEN.items() for name, source in broken],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_the_rule_can_be_broken(rule: Rule, name: str, source: str) -> None:
    assert list(rule([parsed(name, source)]))


def test_a_circle_is_found_through_three_modules_and_inside_functions() -> None:
    circle = [
        parsed("rag.a", "from rag import b"),
        parsed("rag.b", "def late():\n    from rag.c import thing"),
        parsed("rag.c", "import rag.a"),
    ]
    assert list(no_import_goes_in_a_circle(circle)) == ["rag.a → rag.b → rag.c → rag.a"]


def test_an_import_for_types_only_makes_no_circle() -> None:
    pair = [parsed("rag.a", "if TYPE_CHECKING:\n    from rag import b"), parsed("rag.b", "import rag.a")]
    assert not list(no_import_goes_in_a_circle(pair))


def test_a_migration_may_be_long() -> None:
    table = "@MIGRATIONS()\ndef m001_initial(db):\n" + "    pass\n" * 60
    assert not list(files_and_functions_are_small([parsed("rag.store", table)]))


def test_every_room_of_the_plan_exists() -> None:
    for storey in STOREYS:
        for room in storey:
            assert (REPOSITORY / "bot" / room).is_dir() or (REPOSITORY / "bot" / f"{room}.py").is_file(), room
    for owners in OWNERS.values():
        for owner in owners:
            path = REPOSITORY.joinpath(*owner.split("."))
            assert path.is_dir() or path.with_suffix(".py").is_file(), owner
