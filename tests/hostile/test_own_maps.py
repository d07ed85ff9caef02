"""A program whose collector looks for its own stack may read its own memory map, and nothing else of /proc.

Expected, in the confined plan: /proc/self/maps opens in D, whose language file names it, and not in C, whose
does not; every other file of the process, and every file of others, is refused.
"""

from __future__ import annotations

import os

import pytest

import berm

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation]

D = """
import std.stdio;
void main(string[] args) {
    foreach (path; args[1 .. $]) {
        try {
            ubyte[8] some;
            File(path, "r").rawRead(some[]);
            writeln("read ", path);
        } catch (Exception refused) {
        }
    }
}
"""
C = """
#include <fcntl.h>
#include <stdio.h>
int main(int count, char **paths) {
    for (int i = 1; i < count; i++)
        if (open(paths[i], O_RDONLY) >= 0) printf("read %s\\n", paths[i]);
}
"""
OWN = "/proc/self/maps"
OTHERS = (
    "/proc", "/proc/self", "/proc/meminfo", "/proc/thread-self/maps", "/proc/self/maps/../environ",
    *(f"/proc/self/{name}" for name in ("environ", "cmdline", "status", "mem", "smaps", "auxv")),
    "/proc/1/maps", f"/proc/{os.getpid()}/maps", f"/proc/{os.getppid()}/maps",
)  # fmt: skip


@pytest.mark.requires_toolchain("d", "c")
@pytest.mark.requires_isolation(landlock_abi=1)
async def test_own_map_and_nothing_else():
    async with berm.Engine(berm.Config(plan="confined")) as engine:
        for language, source, readable in (("d", D, f"read {OWN}\n"), ("c", C, "")):
            result = await engine.run(source, language, args=(OWN, *OTHERS, OWN))
            assert result.outcome.ok, (language, result)
            assert result.text == 2 * readable
