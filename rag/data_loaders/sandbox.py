"""Locks the current process up for good before it touches a foreign file.

Limits on processor time, memory and files hold wherever there is `resource`. On Linux a seccomp
filter also takes away the network, other programs, other processes and every change to the file
system; elsewhere Python's own sockets are disabled, which native code could get around.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import signal
import socket
import struct
import sys

from rag.data_loaders.limits import Limits

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER_MODE = 1, 38, 22, 2
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # the BPF instructions used
_ALLOW, _KILL, _DENY = 0x7FFF0000, 0x80000000, 0x00050000 | 1  # denied calls fail with EPERM
_DENY_UNKNOWN = 0x00050000 | 38  # ENOSYS: the C library then tries the older call
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

# audit architecture, open, openat, and the calls that are refused: sockets; exec, fork, ptrace, kill and
# reading other processes; io_uring, bpf, keys, mount, namespaces; removing, renaming, making, changing files.
_CALLS = {
    "x86_64": (
        0xC000003E,
        2,
        257,
        (
            *(41, 42, 43, 44, 46, 49, 50, 53, 288, 307),
            *(56, 57, 58, 59, 322, 62, 101, 200, 310, 311, 312),
            *(165, 166, 248, 249, 250, 272, 308, 304, 321, 425, 426, 427, 434, 438),
            *(76, 77, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 93, 94, 133, 188, 189, 190),
            *(258, 259, 260, 263, 264, 265, 266, 268, 316),
        ),
    ),
    "aarch64": (
        0xC00000B7,
        None,
        56,
        (
            *(198, 199, 200, 201, 202, 203, 206, 211, 242, 269),
            *(220, 221, 281, 117, 129, 130, 270, 271, 272),
            *(39, 40, 97, 217, 218, 219, 265, 268, 280, 425, 426, 427, 434, 438),
            *(5, 6, 7, 33, 34, 35, 36, 37, 38, 45, 46, 52, 53, 54, 55, 276),
        ),
    ),
}
_NEWER = (435, 437)  # clone3 and openat2, whose flags lie in memory where a filter cannot see them


def confine(limits: Limits) -> None:
    """Give up, for the rest of this process's life, all that reading a file does not need."""
    with contextlib.suppress(OSError):
        os.nice(10)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)  # pipes are not files: the result still goes out
    _limit(resource.RLIMIT_NOFILE, limits.open_files)
    _limit(resource.RLIMIT_NPROC, 0)  # root is exempt; the filter below is not
    _limit(resource.RLIMIT_CPU, limits.cpu_s)
    _limit(resource.RLIMIT_AS, limits.memory_bytes)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    if not (sys.platform == "linux" and _filter_calls()):
        _disable_sockets()


def _limit(which: int, amount: int) -> None:
    """Set a limit, or the nearest that this system allows."""
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        amount = min(amount, hard)
    with contextlib.suppress(OSError, ValueError):  # macOS knows no limit on address space
        resource.setrlimit(which, (amount, amount))


def _filter_calls() -> bool:
    """Install the filter; False where the processor or the kernel does not know it."""
    calls = _CALLS.get(platform.machine())
    if calls is None:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # never outlive the bot
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    program = _program(*calls)
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code)))
    return libc.prctl(_PR_SET_SECCOMP, _FILTER_MODE, header, 0, 0) == 0


def _program(architecture: int, open_call: int | None, openat_call: int, denied: tuple[int, ...]) -> bytes:
    """A classic BPF program over ``struct seccomp_data``: number at 0, architecture at 4, arguments from 16."""
    steps = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),
        (_AT_LEAST, 0, 1, 0x40000000),  # the x32 interface would get around the numbers below
        (_RETURN, 0, 0, _DENY),
    ]
    for number in denied:
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _DENY)]
    for number in _NEWER:
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _DENY_UNKNOWN)]
    for call, argument in ((open_call, 1), (openat_call, 2)):
        if call is not None:  # opening is allowed for reading only
            steps += [(_EQUAL, 0, 4, call), (_LOAD, 0, 0, 16 + 8 * argument), (_ANY_BIT, 0, 1, _WRITING)]
            steps += [(_RETURN, 0, 0, _DENY), (_RETURN, 0, 0, _ALLOW)]
    steps.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def _disable_sockets() -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise PermissionError("no network while a file is read")

    socket.socket.__init__ = refuse  # type: ignore[method-assign]
