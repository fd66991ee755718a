"""The Slack side's tables, as numbered migrations. A migration that was released is never changed."""

from __future__ import annotations

from sqlite_utils import Database as Tables
from sqlite_utils.migrations import Migrations

MIGRATIONS = Migrations("bot")


@MIGRATIONS()
def m001_initial(db: Tables) -> None:
    """Tables as of 0.1."""
    _m001_work(db)
    _m001_conversations(db)
    _m001_files(db)


def _m001_work(db: Tables) -> None:
    """What Slack sent, and what is to be done about it."""
    db.table("events").create(
        {"event_id": str, "team": str, "kind": str, "ignored": str, "received_at": float}, pk="event_id"
    )
    db.table("events").create_index(["received_at"])
    db.table("jobs").create(
        {
            "job_id": int,
            "key": str,
            "kind": str,
            "lane": str,
            "user": str,
            "payload": str,
            "state": str,
            "attempts": int,
            "created_at": float,
            "not_before": float,
        },
        pk="job_id",
        not_null={"key", "kind", "lane", "state"},
    )
    db.table("jobs").create_index(["key"], unique=True)
    db.table("jobs").create_index(["state"])
    db.table("jobs").create_index(["lane"])


def _m001_conversations(db: Tables) -> None:
    """Threads that the bot takes part in, and the questions it was asked."""
    db.table("threads").create(
        {"team": str, "channel": str, "thread_ts": str, "last_ts": str, "last_is_ours": int},
        pk=("team", "channel", "thread_ts"),
    )
    db.table("turns").create(
        {
            "turn_id": int,
            "team": str,
            "channel": str,
            "thread_ts": str,
            "message_ts": str,
            "user": str,
            "widened": int,
            "reply_ts": str,
            "question": str,
            "answer": str,
            "outcome": str,
            "files": str,  # JSON list of file ids that the answer rests on or searched
            "created_at": float,
        },
        pk="turn_id",
    )
    db.table("turns").create_index(["team", "channel", "message_ts", "widened"], unique=True)
    db.table("turns").create_index(["team", "channel", "thread_ts"])


def _m001_files(db: Tables) -> None:
    """Where files were shared, and what was taken away again."""
    db.table("shares").create(
        {
            "team": str,
            "channel": str,
            "file_id": str,
            "message_ts": str,
            "thread_ts": str,
            "user": str,
            "name": str,
            "permalink": str,
            "document_id": int,
            "state": str,  # "reading" | "read" | "failed"
            "note": str,
            "receipted": int,
            "shared_at": float,
        },
        pk=("team", "channel", "file_id", "message_ts"),
    )
    # What was taken away, so that a file being read just then does not come back.
    db.table("gone").create({"team": str, "channel": str, "message_ts": str, "file_id": str, "at": float})


@MIGRATIONS()
def m002_surface(db: Tables) -> None:
    """Answers that are written anew in place, votes on them, private answers, and settings of a channel."""
    _m002_turns(db)
    _m002_people(db)
    _m002_asides(db)
    _m002_removals(db)
    # File id of the newer version, the state then being "replaced"; "" where people chose to search both.
    db.table("shares").add_column("replaced_by", str)
    db.table("shares").add_column("kind", str)  # what it was read as; "other": no document at all


def _m002_turns(db: Tables) -> None:
    """One reply for each question: searching further now writes it anew instead of posting a second one."""
    newest = "select max(turn_id) from turns group by team, channel, message_ts"
    db.execute(f"delete from turns where turn_id not in ({newest})")
    db.execute("drop index if exists idx_turns_team_channel_message_ts_widened")
    db.table("turns").create_index(["team", "channel", "message_ts"], unique=True)
    for name, kind in (
        ("more_ts", str),  # JSON list: messages that go on where the first was full
        ("length", str),  # "" | "shorter" | "longer", as last asked for
        ("tries", int),  # how often it was written anew
        ("cited", str),  # JSON list of chunk ids cited so far
        ("answered_at", float),
        ("seconds", float),
    ):
        db.table("turns").add_column(name, kind)
    db.table("threads").add_column("quiet", int)


def _m002_asides(db: Tables) -> None:
    """Answers that only one person saw, so that they can be shared later."""
    db.table("asides").create(
        {
            "aside_id": int,
            "key": str,  # of the job, so that a retry makes no second one
            "team": str,
            "channel": str,
            "thread_ts": str,
            "user": str,
            "question": str,
            "parts": str,  # JSON list of mrkdwn
            "tail": str,  # JSON list of blocks
            "files": str,  # JSON list of file ids that it rests on
            "messages": str,  # JSON list of the messages that it quotes, as `bot.asides.mark` has them
            "answer": str,  # as the history keeps it once it is shared; "" where it keeps none
            "outcome": str,
            "shown_at": float,
            "shared_ts": str,
            "created_at": float,
        },
        pk="aside_id",
    )
    db.table("asides").create_index(["key"], unique=True)


def _m002_people(db: Tables) -> None:
    """What people decided, and where they look."""
    db.table("channels").create(
        {
            "team": str,
            "channel": str,
            "only_mentioned": int,
            "is_library": int,
            "language": str,
            "retention_days": int,
            "is_connect_allowed": int,
            "changed_by": str,
            "changed_at": float,
        },
        pk=("team", "channel"),
    )
    db.table("feedback").create(
        {
            "team": str,
            "channel": str,
            "message_ts": str,  # of the question
            "user": str,  # who voted
            "verdict": str,  # "up" | "down"
            "reason": str,
            "comment": str,
            "question": str,
            "answer": str,
            "files": str,  # JSON list of file ids that the answer rested on
            "created_at": float,
        },
        pk=("team", "channel", "message_ts", "user"),
    )
    # Where a person looks while they have the agent's pane open.
    db.table("contexts").create({"team": str, "user": str, "channel": str, "at": float}, pk=("team", "user"))


def _m002_removals(db: Tables) -> None:
    """What was erased, and what is compared with Slack because no event tells of its deletion."""
    # In numbers only: the receipt for administrators.
    db.table("receipts").create(
        {
            "team": str,
            "channel": str,
            "cause": str,
            "files": int,
            "chunks": int,
            "turns": int,
            "verified": int,  # 1: a search for the text that was removed finds nothing any more
            "at": float,
        }
    )
    # When Slack was last asked whether something that is known is still there.
    db.table("checks").create({"key": str, "at": float}, pk="key")


@MIGRATIONS()
def m003_transcripts(db: Tables) -> None:
    """Which passages a question brought into its thread, so that the next one finds them in their places."""
    db.table("turns").add_column("passages", str)  # JSON list of chunk ids


@MIGRATIONS()
def m004_care(db: Tables) -> None:
    """Who asked what of which passages, in a chain that cannot be changed unnoticed; and what was erased, by id."""
    _m004_audit(db)
    _m004_audit_is_append_only(db)
    _m004_audit_head_moves_forward(db)
    # What was erased, so that a restored backup forgets it again: see `bot.ledger`.
    db.table("erased").create({"entry": str, "at": int, "kind": str, "ids": str}, pk="entry")


def _m004_audit(db: Tables) -> None:
    """The chain, its head, and the keys under which people stand in it."""
    for statement in (
        """CREATE TABLE audit (
            number INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            team TEXT NOT NULL,
            channel TEXT NOT NULL,
            person TEXT NOT NULL,
            ref TEXT NOT NULL,
            action TEXT NOT NULL,
            outcome TEXT NOT NULL,
            chunks TEXT NOT NULL,
            details TEXT NOT NULL,
            before TEXT NOT NULL,
            hash TEXT NOT NULL)""",
        "CREATE INDEX audit_at ON audit(at)",
        "CREATE INDEX audit_person ON audit(person)",
        "CREATE INDEX audit_ref ON audit(ref)",
        "CREATE TABLE audit_head (number INTEGER NOT NULL, hash TEXT NOT NULL)",
        "INSERT INTO audit_head VALUES (0, '')",
        "CREATE TABLE audit_people (team TEXT, user TEXT, key BLOB NOT NULL, PRIMARY KEY (team, user)) WITHOUT ROWID",
    ):
        db.execute(statement)


def _m004_audit_is_append_only(db: Tables) -> None:
    for verb in ("UPDATE", "DELETE"):
        db.execute(
            f"""CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit
            BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END"""
        )
    db.execute(
        """CREATE TRIGGER audit_in_order BEFORE INSERT ON audit
        WHEN (SELECT count(*) FROM audit_head WHERE number = new.number - 1 AND hash = new.before) != 1
        BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END"""
    )
    db.execute(
        """CREATE TRIGGER audit_moves_its_head AFTER INSERT ON audit
        BEGIN UPDATE audit_head SET number = new.number, hash = new.hash; END"""
    )


def _m004_audit_head_moves_forward(db: Tables) -> None:
    db.execute(
        """CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head
        WHEN new.number IS NOT old.number + 1
            OR new.hash IS NOT (SELECT hash FROM audit WHERE number = new.number)
        BEGIN SELECT RAISE(ABORT, 'the head of the audit only moves forward'); END"""
    )
    for verb in ("INSERT", "DELETE"):
        db.execute(
            f"""CREATE TRIGGER audit_head_no_{verb.lower()} BEFORE {verb} ON audit_head
            BEGIN SELECT RAISE(ABORT, 'the audit has one head'); END"""
        )


@MIGRATIONS()
def m005_catch_up(db: Tables) -> None:
    """What was taken in, by message, and up to which time nothing is missing: the rest is read from Slack."""
    db.table("events").add_column("about", str)  # channel/ts of the message that the event brought
    db.table("events").create_index(["about"])
    db.table("watermarks").create({"team": str, "at": float}, pk="team")
