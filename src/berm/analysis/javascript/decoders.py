"""Decoders that are written out in a program: base64 and RC4, without the ten thousand steps that each text takes.

Obfuscators hide every text of a program behind such functions. One is known by its shape, never by its names: loops
over one text (and a key) that only compute, and in which nothing that comes from the text decides what happens.
Even then it is taken for what it looks like only after one call of it was followed step by step and came to the same.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
from collections.abc import Sequence
from typing import Final

from berm.analysis.branch import Branch
from berm.analysis.fact import words
from berm.analysis.javascript.expressions import unescape
from berm.analysis.javascript.values import UNKNOWN, Function, Value
from berm.analysis.survey import walk

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_DIGITS: Final = (frozenset(_ALPHABET), frozenset(_ALPHABET[:-2] + "-_"))
_COMPUTES: Final = words(
    "binary_expression unary_expression update_expression assignment_expression augmented_assignment_expression"
    " call_expression member_expression subscript_expression arguments sequence_expression parenthesized_expression"
    " expression_statement lexical_declaration variable_declaration variable_declarator identifier number string"
    " string_fragment property_identifier array for_statement while_statement statement_block return_statement"
    " formal_parameters empty_statement escape_sequence function_expression"
)
_METHODS: Final = words(
    "charAt charCodeAt codePointAt concat fromCharCode indexOf join length push slice substr substring toString"
)
_FREE: Final = words("String decodeURIComponent")
_TESTS: Final = ("<", "<=", ">", ">=")
_FORKS: Final = ("==", "===", "!=", "!==", "||", "??", "in", "instanceof")
_STATES: Final = 512
_TRIALS: Final = 3


@dataclasses.dataclass(slots=True)
class _Shape:
    """What a function looks like.

    Attributes:
        alphabet: of base64, its 64 characters; empty for RC4.
        wide: the bytes are UTF-8.
        before: of RC4, the base64 decoder that its text goes through first.
        proven: one of its calls came to what this says.
        loose: so did one with characters that are no digits: it leaves them out.
        trials: calls that came to nothing known.
    """

    alphabet: str
    wide: bool = False
    before: _Shape | None = None
    proven: bool = False
    loose: bool = False
    trials: int = 0

    def tells(self, text: str) -> bool:
        """Tell whether what was seen of it holds for a text too."""
        return self.proven and (self.loose or self.strict(text))

    def strict(self, text: str) -> bool:
        """Tell whether a text has nothing that a decoder might leave out."""
        return not self.alphabet or set(self.alphabet).issuperset(text)

    def of(
        self, args: Sequence[Value], states: dict[str, list[int]], *, trial: bool = False
    ) -> str | None:
        """Return what it gives; None where only its own steps would tell."""
        text = args[0]
        if self.alphabet:
            known = trial or self.loose or self.strict(text)
            return _from_base64(text, self.alphabet, wide=self.wide) if known else None
        if self.before is not None:
            inner = self.before.of([text], states)
            if inner is None:
                return None
            text = inner
        return _rc4(text, args[1], states)


class Decoders:
    """The decoders of one program, as far as they are known."""

    def __init__(self) -> None:
        self._shapes: dict[Branch, _Shape | None] = {}
        self._states: dict[str, list[int]] = {}

    def decode(self, function: Function, args: Sequence[Value]) -> Value:
        """Return what a call of a proven decoder gives; None for any other function.

        What a decoder gives for a text that is not known is not known, and costs nothing.
        """
        if not 1 <= len(args) <= 2:
            return None
        shape = self._shape(function)
        if shape is None:
            return None
        if not _are_texts(args):
            return UNKNOWN if UNKNOWN in args else None
        return shape.of(args, self._states) if shape.tells(args[0]) else None

    def compare(self, function: Function, args: Sequence[Value], value: Value) -> None:
        """Hear what a call came to that was followed step by step."""
        shape = self._shape(function) if _are_texts(args) and args[0] else None
        if shape is None or shape.tells(args[0]):
            return
        shape.trials += 1
        said = shape.of(args, self._states, trial=True) if isinstance(value, str) else None
        if said is not None and said == value:
            shape.proven, shape.trials = True, 0
            shape.loose = shape.loose or not shape.strict(args[0])
        elif said is not None or shape.trials >= _TRIALS:
            self._shapes[function.node] = None

    def _shape(self, function: Function) -> _Shape | None:
        key = function.node
        if key not in self._shapes:
            self._shapes[key] = None  # of a function that calls itself
            self._shapes[key] = self._look(function)
        return self._shapes[key]

    def _look(self, function: Function) -> _Shape | None:
        """Tell what a function looks like."""
        body = function.node.get("body")
        names = _parameters(function)
        if body is None or body.type != "statement_block" or not 1 <= len(names) <= 2:
            return None
        seen = _Seen(function)
        for statement in body.kids:
            seen.begin()
            if not all(map(seen.take, walk(statement))):
                return None
        outer = seen.used - seen.declared - set(names)
        free = {name for name in outer if self._value(function, name) is not function}
        if outer != free and b"\n" in function.source[function.node.start : function.node.end]:
            return None  # one that reads its own text; on one line that text decides nothing
        alphabets = [text for text in seen.texts if len(text) >= 64]
        if any(len(text) > 2 for text in seen.texts - set(alphabets)) or seen.forks(names):
            return None
        choices = seen.choices(names)
        if len(names) == 1:
            digits = alphabets[0][:64] if len(alphabets) == 1 else ""
            plain = frozenset(digits) in _DIGITS and len(digits) == 64 and not free - _FREE
            if not plain or choices > 3 or "String" not in free:
                return None
            return _Shape(digits, wide="decodeURIComponent" in free)
        others = free - {"String"}
        if alphabets or choices or "^" not in seen.signs:
            return None
        if not others:
            return _Shape("")
        before = self._value(function, others.pop())
        shape = self._shape(before) if isinstance(before, Function) else None
        return None if others or shape is None or not shape.alphabet else _Shape("", before=shape)

    def _value(self, function: Function, name: str) -> Value:
        home = function.scope.home(name)
        return home.names[name] if home is not None else None


class _Seen:
    """What is in a function's body."""

    def __init__(self, function: Function) -> None:
        self._source = function.source
        self._tests: set[Branch] = set()
        self._keys: set[Branch] = set()
        self._given: list[list[tuple[set[str], set[str]]]] = []
        self._forks: list[Branch] = []
        self._choices: list[Branch] = []
        self.used: set[str] = set()
        self.declared: set[str] = set()
        self.texts: set[str] = set()
        self.signs: set[str] = set()

    def _text(self, node: Branch) -> str:
        return self._source[node.start : node.end].decode("utf-8", "replace")

    def _literal(self, node: Branch) -> str:
        return unescape(self._text(node)[1:-1])

    def _names(self, node: Branch | None) -> set[str]:
        if node is None:
            return set()
        return {self._text(each) for each in walk(node) if each.type == "identifier"}

    def _depend(self, nodes: list[Branch], names: list[str]) -> list[Branch]:
        """Return those nodes in which something stands that comes from the names.

        What one statement of the body gives comes after what those before it gave; only a loop has its
        own turns before it.
        """
        known = set(names)
        for given in self._given:
            before = 0
            while before != len(known):
                before = len(known)
                for targets, parts in given:
                    if parts & known:
                        known |= targets
        return [node for node in nodes if self._names(node) & known]

    def forks(self, names: list[str]) -> list[Branch]:
        """Return the comparisons that depend on what the function is given."""
        return self._depend(self._forks, names)

    def choices(self, names: list[str]) -> int:
        """Return how many other choices depend on what the function is given."""
        return len(self._depend(self._choices, names))

    def begin(self) -> None:
        """Go on to the next statement of the body."""
        self._given.append([])

    def _gives(self, target: Branch | None, value: Branch | None) -> None:
        self._given[-1].append((self._names(target), self._names(value)))

    def take(self, node: Branch) -> bool:
        """Take note of a node; False if no decoder has such a one."""
        match node.type:
            case "ternary_expression":
                test = node.get("condition")
                self._choices += [] if test is None else [test]
            case "for_statement" | "while_statement":
                self._loop(node)
            case "variable_declarator":
                self.declared |= self._names(node.get("name"))
                self._gives(node.get("name"), node.get("value"))
            case "assignment_expression" | "augmented_assignment_expression":
                self._gives(node.get("left"), node.get("right"))
            case "identifier":
                self.used.add(self._text(node))
            case "binary_expression":
                operator = node.get("operator")
                sign = self._text(operator) if operator is not None else ""
                self.signs.add(sign)
                if sign == "&&":
                    self._choices.append(node)
                elif sign in _FORKS or (sign in _TESTS and node not in self._tests):
                    self._forks.append(node)
            case "member_expression" | "subscript_expression":
                return self._member(node)
            case "call_expression":
                callee = node.get("function")
                known = callee is not None and callee.type == "identifier"
                return not known or self._text(node.fields["function"]) not in self.declared
            case "string" if node not in self._keys:
                self.texts.add(self._literal(node))
            case _:
                return node.type in _COMPUTES
        return True

    def _loop(self, node: Branch) -> None:
        """Note what ends a loop: there may something be decided."""
        test = node.get("condition")
        while test is not None and test.type in (
            "expression_statement",
            "parenthesized_expression",
        ):
            test = test.kids[0] if test.kids else None
        if test is not None:
            self._tests.add(test)

    def _member(self, node: Branch) -> bool:
        """Look at a property's name, which is no text of the program's own."""
        index, name = node.get("index"), node.get("property")
        if name is not None:
            return self._text(name) in _METHODS
        if index is not None and index.type == "string":
            self._keys.add(index)
            return self._literal(index) in _METHODS
        return True


def _are_texts(args: Sequence[Value]) -> bool:
    return 1 <= len(args) <= 2 and all(isinstance(arg, str) for arg in args)


def _parameters(function: Function) -> list[str]:
    given = function.node.get("parameters")
    kids = given.kids if given is not None else []
    if any(kid.type != "identifier" for kid in kids):
        return []
    return [function.source[kid.start : kid.end].decode("utf-8", "replace") for kid in kids]


def _from_base64(text: str, alphabet: str, *, wide: bool) -> str | None:
    """Return a text after base64, as those programs do it: what is no digit of theirs is left out."""
    if "=" in text:
        return None
    plain = text.translate(str.maketrans(alphabet, _ALPHABET))
    if not set(alphabet).issuperset(text):
        plain = "".join(new for new, old in zip(plain, text, strict=True) if old in alphabet)
    if len(plain) % 4 == 1:
        plain = plain[:-1]
    try:
        data = base64.b64decode(plain + "=" * (-len(plain) % 4))
    except binascii.Error:
        return None
    return data.decode("utf-8", "replace") if wide else data.decode("latin-1")


def _rc4(text: str, key: str, states: dict[str, list[int]]) -> str | None:
    """Return a text after RC4, as programs write it down: over characters, not bytes."""
    if not key:
        return None
    known = states.get(key)
    if known is None:
        known = _scheduled(key)
        if len(states) < _STATES:
            states[key] = known
    state = known.copy()
    i = j = 0
    made: list[str] = []
    for char in text:
        i = (i + 1) & 255
        one = state[i]
        j = (j + one) & 255
        other = state[j]
        state[i], state[j] = other, one
        made.append(chr(ord(char) ^ state[(one + other) & 255]))
    return "".join(made)


def _scheduled(key: str) -> list[int]:
    """Return RC4's state after its key is taken in."""
    state = list(range(256))
    codes = [ord(char) for char in key]
    j = 0
    for i in range(256):
        j = (j + state[i] + codes[i % len(codes)]) & 255
        state[i], state[j] = state[j], state[i]
    return state
