"""How long a key's check takes, by what is wrong with it: ``python -m tests.bench.key_timing``.

Prints the median of each case and the largest difference between two medians, in nanoseconds, beside the
spread of one case measured twice: what cannot be told from noise cannot be told at all. Cases take turns,
so that a busy machine is busy for all of them.
"""

from __future__ import annotations

import dataclasses
import statistics
import time

from berm.service.access import keys
from berm.service.access.keys import ApiKey
from berm.service.access.roles import ROLE_SCOPES
from berm.service.principal import Role

ROUNDS = 20_000


def main() -> None:
    text, name, digest = keys.new_key()
    right = ApiKey(name, digest, "l", "u", Role.STUDENT, ROLE_SCOPES[Role.STUDENT], 0.0)
    first = dataclasses.replace(right, digest=bytes([digest[0] ^ 1]) + digest[1:])
    last = dataclasses.replace(right, digest=digest[:-1] + bytes([digest[-1] ^ 1]))
    cases = {
        "right": right,
        "right again": right,
        "wrong in the first byte": first,
        "wrong in the last byte": last,
        "unknown": None,
        "revoked": dataclasses.replace(right, revoked=1.0),
    }
    taken: dict[str, list[int]] = {name: [] for name in cases}
    for _ in range(ROUNDS):
        for case, found in cases.items():
            began = time.perf_counter_ns()
            keys.check(text, found, 100.0)
            taken[case].append(time.perf_counter_ns() - began)
    medians = {case: statistics.median(times) for case, times in taken.items()}
    for case, median in medians.items():
        print(f"{case:26} {median:8.0f} ns")
    noise = abs(medians["right"] - medians["right again"])
    print(
        f"largest difference {max(medians.values()) - min(medians.values()):.0f} ns, noise {noise:.0f} ns"
    )


if __name__ == "__main__":
    main()
