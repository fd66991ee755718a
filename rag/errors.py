"""Every error that a user or an administrator can cause, and the sentence they are told.

    InhouseError
    ├── FileError              about one file; the receipt shows it to whoever uploaded it
    │   ├── UnsupportedFile    a kind of file that is not read
    │   ├── EncryptedFile      needs a password
    │   ├── BrokenFile         cannot be read as what it claims to be
    │   ├── EmptyFile          no bytes, or nothing in them
    │   ├── NoTextFound        only pictures; text recognition is not installed
    │   ├── FileTooLarge       over a limit of size, pages or unpacked size
    │   ├── ParserStopped      the reader ran out of its time or memory
    │   └── FileRemoved        deleted while it was being read
    ├── ModelError             about the language or embedding model; shown to the administrator
    │   ├── ModelNotFound      no such folder or file, or not on this machine
    │   ├── ModelRefused       pickled weights, remote code, an unknown quantisation type
    │   ├── ModelTooLarge      would not fit in memory
    │   ├── VersionMismatch    installed packages do not fit each other
    │   ├── OutOfMemory        while answering; names the setting to lower
    │   ├── ModelBusy          more questions than may wait
    │   └── ModelFailed        the model broke off; the next question finds it well again
    ├── StoreError             about the data on disk
    │   ├── StoreCorrupt       the database fails its check
    │   ├── StoreTooNew        written by a newer version
    │   └── DiskFull           nothing was lost, nothing could be written
    ├── EgressRefused          something here was about to reach a place outside, and did not
    ├── SettingsError          a setting is missing, unknown or out of range
    └── RequestError           about one question
        ├── EmptyQuestion      nothing was asked
        ├── QuestionTooLong    over the limit
        ├── UnknownKey         a cache key that was never preloaded
        ├── WebSearchRefused   nothing is ever sent to the web
        └── SetUnreadable      an evaluation set is not there, or not in its form

``user_message`` is a whole sentence that is safe to show: no path, no traceback, no ``str`` of a
foreign exception. ``str(error)`` may hold more and goes to the log only.
"""

from __future__ import annotations


class InhouseError(Exception):
    """Base of all errors with a sentence for people."""

    default_message = "Something went wrong on our side; nothing was lost. Please try again."

    def __init__(self, user_message: str | None = None, *, detail: str = "") -> None:
        self.user_message = user_message or self.default_message
        self.detail = detail
        super().__init__(f"{self.user_message} ({detail})" if detail else self.user_message)


class FileError(InhouseError):
    """A file that could not be read."""

    default_message = "This file could not be read."


class UnsupportedFile(FileError):
    """A kind of file that is not read."""

    default_message = (
        "This kind of file is not read; PDF, Word, PowerPoint, Excel, CSV, Markdown, HTML, plain text and code are."
    )


class EncryptedFile(FileError):
    """A file that needs a password."""

    default_message = "This file is protected by a password; upload a copy without one."


class BrokenFile(FileError):
    """A file that is not what it claims to be."""

    default_message = "This file is damaged or incomplete; try saving or exporting it again."


class EmptyFile(FileError):
    """A file with nothing in it."""

    default_message = "This file is empty."


class NoTextFound(FileError):
    """A file of pictures only."""

    default_message = "This file holds only pictures, no text; upload a copy with a text layer."


class FileTooLarge(FileError):
    """A file over a limit."""

    default_message = "This file is too large."


class ParserStopped(FileError):
    """The reader's process ran out of its time or memory."""

    default_message = "Reading this file took more time or memory than is allowed; try a smaller or simpler copy."


class FileRemoved(FileError):
    """A file that was deleted while it was being read."""

    default_message = "This file was deleted while it was being read, so nothing of it was kept."


class ModelError(InhouseError):
    """The model cannot be used."""

    default_message = "The language model is not available just now; the administrator can see why in the log."


class ModelNotFound(ModelError):
    """No model under this name on this machine."""


class ModelRefused(ModelError):
    """A model that is not loaded for safety's sake, or a setting that does not exist."""


class ModelTooLarge(ModelError):
    """A model that would not fit in memory."""


class VersionMismatch(ModelError):
    """Installed packages that do not fit each other."""


class OutOfMemory(ModelError):
    """Memory ran out while answering."""


class ModelBusy(ModelError):
    """More is waiting than may wait."""

    default_message = "The language model has more questions than it can take just now. Please ask again in a minute."


class ModelFailed(ModelError):
    """The model broke off."""

    default_message = "The language model broke off while it was working on this. Please ask again."


class StoreError(InhouseError):
    """The data on disk cannot be used."""

    default_message = "The data on disk cannot be used just now; nothing was changed."


class StoreCorrupt(StoreError):
    """The database fails its check."""


class StoreTooNew(StoreError):
    """The database was written by a newer version."""


class DiskFull(StoreError):
    """There is no room left on the disk."""

    default_message = "The disk is full, so this could not be saved; it will be tried again when there is room."


class EgressRefused(InhouseError, PermissionError):
    """Nothing was sent: this place is not among those that may be reached."""

    default_message = "Inhouse was about to reach a place outside that it may not reach, and did not; the log names it."


class SettingsError(InhouseError):
    """A setting that is missing, unknown or out of range."""


class RequestError(InhouseError):
    """A request that cannot be answered as it stands."""


class EmptyQuestion(RequestError):
    """Nothing was asked."""

    default_message = "There was no question in this. Ask me something about the files here."


class QuestionTooLong(RequestError):
    """A question over the limit."""


class UnknownKey(RequestError):
    """A cache key that was never preloaded."""


class WebSearchRefused(RequestError):
    """The web is never searched."""

    default_message = "Web search is not available: nothing that is asked here ever leaves this machine."


class SetUnreadable(RequestError):
    """An evaluation set that is not there, or not in its form."""

    default_message = "This evaluation set cannot be read; `inhouse eval --help` tells the form of each set."
