"""A small part of ``tests/bench/analysis_fuzz``: whatever comes in, the front ends answer."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from berm.analysis import Analyser, Policy
from berm.analysis.examine import examine
from berm.analysis.grammar import GRAMMARS
from berm.analysis.rules import shipped

PIECES = [
    example
    for rule in shipped()
    if rule.languages != ("*",)
    for language in rule.languages
    for example in (rule.hit_for(language), rule.miss_for(language))
]
WORDS = st.sampled_from(
    [
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "'",
        '"',
        "\\",
        "\n    ",
        "=",
        "getattr(",
        "eval(",
        "lambda x:",
        "f'{",
        "=>",
        "`${",
    ]
)
TEXTS = st.lists(
    st.one_of(
        WORDS,
        st.text(max_size=8),
        st.sampled_from(PIECES).flatmap(
            lambda piece: st.tuples(st.integers(0, len(piece)), st.integers(0, len(piece))).map(
                lambda ends: piece[min(ends) : max(ends)]
            )
        ),
    ),
    max_size=8,
).map("".join)


@pytest.fixture(scope="module")
def analyser():
    made = Analyser(1)
    yield made
    made.close()


@pytest.mark.parametrize("language", sorted(GRAMMARS))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=TEXTS)
def test_a_front_end_answers_whatever_comes(analyser, language, text):
    source = text.encode("utf-8", "surrogatepass")
    # Bash's parser ends its process on some texts: as a user's, it is asked in the child.
    if language == "bash":
        found = analyser.analyse(source, language, Policy("strict")).findings
    else:
        found = examine(source, language)
    for finding in found:
        assert finding.line >= 1
        assert finding.column >= 1
        assert finding.message.endswith(".")
