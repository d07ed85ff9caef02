"""The table of syscall numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from berm.errors import PolicyError
from berm.kernel.syscalls import name_of, number_of, table

HEADERS = [
    Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    Path("/usr/include/asm/unistd_64.h"),
]


def test_numbers_and_names_are_one_to_one():
    assert len(set(table().values())) == len(table())
    assert all(name_of(number) == name for name, number in table().items())


def test_the_table_goes_on_without_gaps():
    """335 to 423 belong to no table but for uretprobe and uprobe; nothing else is missing."""
    known = set(table().values())
    assert set(range(max(known) + 1)) - known == set(range(337, 424))
    assert max(known) == 471


def test_known_numbers():
    assert [number_of(name) for name in ("read", "clone3", "landlock_create_ruleset")] == [
        0,
        435,
        444,
    ]
    assert number_of("file_setattr") == 469
    assert name_of(9999) == "syscall_9999"


def test_a_name_that_does_not_exist_is_refused():
    with pytest.raises(PolicyError, match="no syscall 'raed'"):
        number_of("raed")


def test_the_table_agrees_with_this_machines_header():
    header = next((one for one in HEADERS if one.exists()), None)
    if header is None:
        pytest.skip("the C library's kernel headers are not installed")
    found = re.findall(r"#define __NR_(\w+) (\d+)", header.read_text())
    assert len(found) > 300
    assert [(name, number) for name, number in found if table().get(name) != int(number)] == []
