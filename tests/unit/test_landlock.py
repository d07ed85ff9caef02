"""Landlock's masks by ABI."""

from __future__ import annotations

import pytest

from berm.kernel import landlock
from berm.kernel.landlock import fs_rights, net_rights, scopes

# linux/landlock.h: number of filesystem rights by ABI
FS_BITS = {0: 0, 1: 13, 2: 14, 3: 15, 4: 15, 5: 16, 6: 16, 7: 16}


@pytest.mark.parametrize("abi", range(8))
def test_what_is_handled_is_everything_that_the_abi_has(abi: int):
    assert fs_rights(abi).handled == (1 << FS_BITS[abi]) - 1
    assert net_rights(abi) == (3 if abi >= 4 else 0)
    assert scopes(abi) == (3 if abi >= 6 else 0)


@pytest.mark.parametrize("abi", range(8))
def test_what_is_given_is_handled_and_never_executes_what_was_written(abi: int):
    rights = fs_rights(abi)
    for mask in (rights.read, rights.execute, rights.write, rights.device):
        assert mask & ~rights.handled == 0
    nodes = landlock.MAKE_CHAR | landlock.MAKE_BLOCK | landlock.MAKE_FIFO | landlock.MAKE_SOCK
    assert rights.write & (landlock.EXECUTE | landlock.IOCTL_DEV | nodes) == 0
    changing = rights.handled & ~(landlock.READ_FILE | landlock.READ_DIR | landlock.EXECUTE)
    assert rights.execute & changing == rights.read & changing == 0
    assert bool(rights.write & landlock.TRUNCATE) is (abi >= 3)
    assert bool(rights.write & landlock.REFER) is (abi >= 2)


@pytest.mark.parametrize("abi", range(1, 8))
def test_rights_on_a_file_are_those_that_a_file_can_have(abi: int):
    rights = fs_rights(abi)
    assert rights.for_file(rights.execute) == landlock.READ_FILE | landlock.EXECUTE
    assert rights.for_file(rights.write) & (landlock.READ_DIR | landlock.MAKE_REG) == 0
    assert rights.for_file(rights.device) == rights.device
