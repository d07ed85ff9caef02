"""Static analysis: what a program would do, told before it runs. Advice and policy, never a boundary.

:class:`~berm.analysis.analyser.Analyser` parses in a limited child; :class:`~berm.analysis.policy.Policy` says
what follows from what it finds.
"""

from berm.analysis.analyser import Analyser, AnalyserError, UnavailableError, language_name
from berm.analysis.policy import Policy, packs, refusal

__all__ = [
    "Analyser",
    "AnalyserError",
    "Policy",
    "UnavailableError",
    "language_name",
    "packs",
    "refusal",
]
