"""The rule of scope once more, told from people's side and in other words, to hold the bot against.

Shares no code with the bot and none with the workspace: it is told what people do, and says what must follow.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Room:
    """One conversation: who is in it, and which files stand in which of its messages."""

    kind: str  # "public" | "private" | "direct" | "group"
    inside: set[str] = field(default_factory=set)
    has_bot: bool = True
    outside: bool = False  # another organisation is there, or asked in
    permitted: bool = False  # an administrator wants answers nevertheless
    messages: dict[int, str] = field(default_factory=dict)  # number of the message -> file


@dataclass
class Town:
    """Everybody and everything."""

    people: dict[str, str] = field(default_factory=dict)  # name -> "colleague" | "guest" | "stranger" | "closed"
    rooms: dict[str, Room] = field(default_factory=dict)

    def files(self, room: str) -> set[str]:
        """What an answer in a room may rest on: what stands in that room now."""
        return set(self.rooms[room].messages.values())

    def outcome(self, person: str, room: str, broken: str = "") -> str:
        """What must come of a question: "answer", "reason" (said to the asker), or "silence"."""
        place, kind = self.rooms[room], self.people[person]
        if not place.has_bot:
            return "silence"
        if broken == "place":
            return "reason"
        if place.outside and not place.permitted:
            return "silence"
        if broken == "people":
            return "reason"
        if kind in ("stranger", "closed"):
            return "silence"
        if broken == "members" and place.kind != "direct":
            return "reason"
        return "answer" if person in place.inside else "reason"

    def delete_file(self, file: str) -> None:
        """A file goes from every message of every room."""
        for room in self.rooms.values():
            room.messages = {number: each for number, each in room.messages.items() if each != file}
