"""The filter's logic on every architecture, run by a small interpreter of classic BPF."""

from __future__ import annotations

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sandbox import seccomp

ALLOW, KILL = 0x7FFF0000, 0x80000000
ARCHES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def verdict(machine: str, number: int, arguments: tuple[int, ...] = (), arch: int | None = None) -> int:
    """What the kernel would answer: interprets the packed program, so that packing is tested too."""
    padded = (*arguments, *[0] * 6)[:6]
    memory = struct.pack("=IIQ6Q", number, ARCHES[machine] if arch is None else arch, 0, *(a % 2**64 for a in padded))
    code = seccomp.compiled(machine)
    at = accumulator = 0
    while True:
        operation, if_true, if_false, value = struct.unpack_from("=HBBI", code, at * 8)
        at += 1
        if operation == 0x20:
            accumulator = struct.unpack_from("=I", memory, value)[0]
        elif operation == 0x06:
            return int(value)
        else:
            is_true = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[
                operation
            ]
            at += if_true if is_true else if_false


@pytest.mark.parametrize("machine", ARCHES)
def test_every_denied_call_is_denied(machine: str) -> None:
    column = list(ARCHES).index(machine)
    for table, error in ((seccomp.DENIED, errno.EPERM), (seccomp.ABSENT, errno.ENOSYS)):
        for name, numbers in table.items():
            number = numbers[column]
            if number is not None:
                assert verdict(machine, number) == 0x50000 | error, name


@pytest.mark.parametrize("machine", ARCHES)
def test_a_number_stands_for_one_call_only(machine: str) -> None:
    column = list(ARCHES).index(machine)
    numbers = [pair[column] for pair in (seccomp.DENIED | seccomp.ABSENT).values() if pair[column] is not None]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("machine", ARCHES)
def test_another_architecture_is_killed(machine: str) -> None:
    assert verdict(machine, 0, arch=0x40000003) == KILL


def test_the_x32_numbers_are_absent() -> None:
    assert verdict("x86_64", 0x40000000 | 1) == 0x50000 | errno.ENOSYS


@pytest.mark.parametrize(("machine", "ioctl", "clone", "socket"), [("x86_64", 16, 56, 41), ("aarch64", 29, 220, 198)])
@given(high=st.integers(0, 2**32 - 1), flags=st.integers(0, 2**32 - 1))
def test_the_high_half_of_an_argument_changes_nothing(
    machine: str, ioctl: int, clone: int, socket: int, high: int, flags: int
) -> None:
    assert verdict(machine, ioctl, (0, high << 32 | 0x5412)) == 0x50000 | errno.EPERM
    assert verdict(machine, ioctl, (0, high << 32 | 0x5401)) == ALLOW
    is_new_user = bool(flags & 0x10000000)
    assert (verdict(machine, clone, (high << 32 | flags,)) == 0x50000 | errno.EPERM) == is_new_user
    family = verdict(machine, socket, (high << 32 | flags % 64,))
    assert (family == ALLOW) == (flags % 64 in seccomp.ALLOWED_FAMILIES)


@pytest.mark.parametrize("machine", ARCHES)
def test_all_other_calls_are_allowed(machine: str) -> None:
    column = list(ARCHES).index(machine)
    refused = {pair[column] for pair in (seccomp.DENIED | seccomp.ABSENT).values()}
    special = {16, 56, 41} if machine == "x86_64" else {29, 220, 198}
    for number in set(range(460)) - refused - special:
        assert verdict(machine, number) == ALLOW, number


def test_an_unknown_architecture_has_no_filter_rather_than_a_wrong_one() -> None:
    assert seccomp.compiled("riscv64") == b""
