"""The page that is made of an ablation."""

import pytest

from berm.audit import depth
from berm.audit.ablation import NONE, Ablation
from berm.audit.attack import all_attacks
from berm.audit.runner import Trial
from berm.audit.verdict import Status

WHERE = {
    "kernel": "6.18.1-x",
    "machine": "x86_64",
    "enforcement": {"plan": "namespaces", "layers": ["pivot-root", "seccomp"]},
}


def trial(name: str, status: Status) -> Trial:
    return Trial(all_attacks()[name], status, "why")


STEPS = [
    Ablation(
        NONE,
        True,
        (trial("net-tcp", Status.ESCAPED), trial("files-devices", Status.HELD)),
    ),
    Ablation("seccomp", False, (trial("net-tcp", Status.HELD),)),
    Ablation("network-namespace", False, (), "Not run: a | b"),
    Ablation("seccomp", True, (trial("net-tcp", Status.HELD),)),
    Ablation("network-namespace", True, (trial("net-tcp", Status.HELD),)),
    Ablation("landlock-net", True, (trial("net-tcp", Status.ESCAPED),)),
]


def test_the_page_says_how_many_layers_stop_each_attack_alone() -> None:
    page = depth.page(WHERE, STEPS, "berm audit network --ablate --markdown", 1000)

    assert "berm audit network --ablate --markdown\n```" in page
    assert "1 of 2 attacks get through" in page
    row = "| network | 1 | 0 | 1 | 0 | 0 | `seccomp` (1), `network-namespace` (1) |"
    assert row in page
    assert "| `landlock-net` | 1 |  | `net-tcp` |" in page
    assert "| `network-namespace` | 0 | Not run: a \\| b |" in page
    assert "files-devices" not in page  # held with no layer: it shows nothing
    assert page.endswith("| network | `net-tcp` | `seccomp`, `network-namespace` |\n")


def test_only_an_ablation_makes_a_page() -> None:
    with pytest.raises(ValueError, match="ablation"):
        depth.page(WHERE, [], "berm audit", 0)
