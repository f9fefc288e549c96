"""A seccomp filter as data: which system calls a command may not make, assembled to classic BPF for bubblewrap.

The filter narrows the kernel's surface; the walls are the namespaces and the mounts. It is a deny list, because test
suites use the most surprising calls: what is denied either reaches outside (terminal injection, keyrings), makes new
namespaces or mounts, or is a part of the kernel with a long history of holes and no use in a build.

ptrace is allowed: inside a process namespace it reaches only the command's own processes, and leak checkers need it.

Source: seccomp(2), bpf(4); the choice follows the reasons given in flatpak's documentation of its sandbox;
numbers from the kernel's syscall_64.tbl (x86_64) and asm-generic/unistd.h (aarch64).
"""

from __future__ import annotations

import errno
import platform
import struct
from dataclasses import dataclass

# name → (x86_64, aarch64); None where the architecture does not have it.
DENIED: dict[str, tuple[int | None, int | None]] = {
    # keyrings, kernel log, accounting
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "syslog": (103, 116),
    "acct": (163, 89),
    "quotactl": (179, 60),
    # namespaces and mounts
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    # other processes' memory, files by handle
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    # wide kernel surface
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "fanotify_init": (300, 262),
    "lookup_dcookie": (212, 18),
    "uselib": (134, None),
    "modify_ldt": (154, None),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # the machine itself
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "iopl": (172, None),
    "ioperm": (173, None),
}
"""Answered with EPERM."""

ABSENT: dict[str, tuple[int | None, int | None]] = {
    "clone3": (435, 435),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "pidfd_getfd": (438, 438),
}
"""Answered with ENOSYS, as an older kernel would, so that programs take their older way. clone3 hides its flags behind
a pointer where no filter can read them: the C library falls back to clone, whose flags can be read."""

TIOCSTI = 0x5412
TIOCLINUX = 0x541C
CLONE_NEWUSER = 0x1000_0000
ALLOWED_FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK; all others (packet, vsock, alg, bluetooth …) are refused."""

_AUDIT_ARCH = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
_SPECIAL = {"x86_64": {"ioctl": 16, "clone": 56, "socket": 41}, "aarch64": {"ioctl": 29, "clone": 220, "socket": 198}}
_X32_BIT = 0x4000_0000

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24
"""Offsets into struct seccomp_data. Of an argument only the low half is compared, as the kernel itself reads it:
comparing all 64 bits would let garbage in the high half pass."""

_ALLOW = 0x7FFF_0000
_KILL = 0x8000_0000
_EPERM = 0x0005_0000 | errno.EPERM
_ENOSYS = 0x0005_0000 | errno.ENOSYS
_EAFNOSUPPORT = 0x0005_0000 | errno.EAFNOSUPPORT


@dataclass(frozen=True, slots=True)
class Instruction:
    """One classic BPF instruction; the jumps count instructions to skip."""

    code: int
    value: int
    if_true: int = 0
    if_false: int = 0

    def pack(self) -> bytes:
        """As struct sock_filter."""
        return struct.pack("=HBBI", self.code, self.if_true, self.if_false, self.value)


def program(machine: str) -> tuple[Instruction, ...]:
    """The filter for an architecture; empty when we have no table for it.

    In: what `platform.machine()` says.
    """
    if machine not in _AUDIT_ARCH:
        return ()
    column = list(_AUDIT_ARCH).index(machine)
    numbers = _SPECIAL[machine]
    return (
        Instruction(_LOAD, _ARCH),
        Instruction(_JUMP_EQUAL, _AUDIT_ARCH[machine], if_true=1),
        Instruction(_RETURN, _KILL),
        Instruction(_LOAD, _NUMBER),
        *((Instruction(_JUMP_AT_LEAST, _X32_BIT, if_false=1), Instruction(_RETURN, _ENOSYS)) if column == 0 else ()),
        *_refuse(DENIED, column, _EPERM),
        *_refuse(ABSENT, column, _ENOSYS),
        *_when(numbers["ioctl"], _SECOND_ARGUMENT, _equal_any((TIOCSTI, TIOCLINUX), _EPERM)),
        *_when(numbers["clone"], _FIRST_ARGUMENT, _any_bit(CLONE_NEWUSER, _EPERM)),
        *_when(numbers["socket"], _FIRST_ARGUMENT, _only(ALLOWED_FAMILIES, _EAFNOSUPPORT)),
        Instruction(_RETURN, _ALLOW),
    )


def compiled(machine: str | None = None) -> bytes:
    """The filter as bubblewrap's `--seccomp` takes it; empty for an unknown architecture."""
    return b"".join(instruction.pack() for instruction in program(machine or platform.machine()))


def _refuse(table: dict[str, tuple[int | None, int | None]], column: int, answer: int) -> list[Instruction]:
    found: list[Instruction] = []
    for numbers in table.values():
        number = numbers[column]
        if number is not None:
            found += (Instruction(_JUMP_EQUAL, number, if_false=1), Instruction(_RETURN, answer))
    return found


def _when(number: int, argument: int, rules: list[Instruction]) -> list[Instruction]:
    """Apply rules to one argument of one call; whatever they let through is allowed."""
    block = [Instruction(_LOAD, argument), *rules, Instruction(_RETURN, _ALLOW)]
    return [Instruction(_JUMP_EQUAL, number, if_false=len(block)), *block]


def _equal_any(values: tuple[int, ...], answer: int) -> list[Instruction]:
    found: list[Instruction] = []
    for one in values:
        found += (Instruction(_JUMP_EQUAL, one, if_false=1), Instruction(_RETURN, answer))
    return found


def _any_bit(mask: int, answer: int) -> list[Instruction]:
    return [Instruction(_JUMP_ANY_BIT, mask, if_false=1), Instruction(_RETURN, answer)]


def _only(values: tuple[int, ...], answer: int) -> list[Instruction]:
    return [*_equal_any(values, _ALLOW), Instruction(_RETURN, answer)]
