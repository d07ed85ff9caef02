"""Languages as data: one TOML file each, its toolchain found and verified on this machine.

The rest of Berm uses :class:`Registry` to look a language up, and what a :class:`Language`
computes: the file name of a one-file submission, the :class:`CompileStep` and the :class:`Step`
that a cell is asked to perform. Everything but :mod:`berm.languages.toolchain` is pure.
"""

from __future__ import annotations

from berm.languages.language import Language
from berm.languages.preparation import Stage
from berm.languages.registry import Registry
from berm.languages.step import CompileStep, Step

__all__ = ["CompileStep", "Language", "Registry", "Stage", "Step"]
