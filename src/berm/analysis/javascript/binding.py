"""Binding in JavaScript: declarations, assignments, patterns, classes, imports."""

from __future__ import annotations

from berm.analysis.branch import Branch
from berm.analysis.fact import Kind
from berm.analysis.javascript import methods, naming
from berm.analysis.javascript.calls import Calls
from berm.analysis.javascript.values import (
    UNDEFINED,
    UNKNOWN,
    Array,
    Function,
    Object,
    Ref,
    Value,
    either,
    to_number,
    to_text,
)


class Binding(Calls):
    """The part of the evaluator that binds names."""

    def _declaration(self, node: Branch) -> None:
        for kid in node.kids:
            name, value = kid.get("name"), kid.get("value")
            if kid.type == "variable_declarator" and name is not None:
                self.bind(name, self.evaluate(value), declare=True)

    def bind(self, target: Branch, value: Value, *, declare: bool = False) -> None:
        """Give a name, or the names of a pattern, a value."""
        match target.type:
            case "identifier" | "shorthand_property_identifier_pattern":
                self._set(self.text(target), value, declare=declare)
            case "assignment_pattern" | "object_assignment_pattern":
                left = target.get("left")
                default = self.evaluate(target.get("right"))
                if left is not None:
                    given = default if value is UNDEFINED else value
                    self.bind(
                        left,
                        either([given, default]) if value is UNKNOWN else given,
                        declare=declare,
                    )
            case "object_pattern" | "object":
                self._unpack_object(target, value, declare=declare)
            case "array_pattern" | "array":
                for at, kid in enumerate(target.kids):
                    item = (
                        methods.item_of(value, float(at)) if isinstance(value, Array) else UNKNOWN
                    )
                    self.bind(kid, item, declare=declare)
            case "rest_pattern" | "spread_element":
                self.bind(target.kids[0], UNKNOWN, declare=declare)
            case "member_expression" | "subscript_expression":
                self._set_member(target, value)
            case _:
                self.evaluate(target)

    def _unpack_object(self, target: Branch, value: Value, *, declare: bool) -> None:
        for kid in target.kids:
            key = kid.get("key") or kid.get("left") or kid
            name = self.key(key) if key.type != "rest_pattern" else None
            found = UNKNOWN if name is None else self.attribute(value, name, kid)
            if isinstance(found, Ref):
                self.reached(kid, found, called=False)
            self.bind(kid.get("value") or kid, found, declare=declare)

    def _set(self, name: str, value: Value, *, declare: bool) -> None:
        home = self.scope if declare else self.scope.home(name) or self.scope
        known = home.names.get(name, UNDEFINED)
        if self.certain(home) or name not in home.names or known is value:
            home.names[name] = value
        else:
            home.names[name] = either([known, value])

    def _set_member(self, target: Branch, value: Value) -> None:
        owner = self.evaluate(target.get("object"), base=True)
        index, name = target.get("index"), target.get("property")
        key = self.text(name) if name is not None else to_text(self.evaluate(index))
        if isinstance(owner, Object):
            if key is None:
                owner.known = False
            elif self.certain():
                owner.names[key] = value
            else:
                owner.names[key] = either([owner.names.get(key, value), value])
        elif isinstance(owner, Function) and key is not None:
            known = owner.names.get(key, value)
            owner.names[key] = value if self.certain() else either([known, value])
        elif isinstance(owner, Array):
            number = to_number(key) if key is not None else None
            if self.certain() and number is not None and 0 <= number <= len(owner.items) < 4096:
                owner.items[int(number) : int(number) + 1] = [value]
            else:
                owner.known = False

    def _assignment(self, node: Branch) -> Value:
        value = self.evaluate(node.get("right"))
        left = node.get("left")
        if left is not None:
            self.bind(left, value)
        return value

    def _augmented(self, node: Branch) -> Value:
        left, operator = node.get("left"), node.get("operator")
        before = self.evaluate(left)
        right = self.evaluate(node.get("right"))
        sign = self.text(operator)[:-1] if operator is not None else ""
        certain = self.certain()
        value = self.operate(sign, before, right) if certain else UNKNOWN
        if left is not None:
            self.bind(left, value)
        return value

    def _update(self, node: Branch) -> Value:
        target, operator = node.get("argument"), node.get("operator")
        before = to_number(self.evaluate(target))
        certain = self.certain() and before is not None
        step = 1.0 if operator is not None and self.text(operator) == "++" else -1.0
        after: Value = before + step if certain and before is not None else UNKNOWN
        if target is not None:
            self.bind(target, after)
        prefix = operator is not None and target is not None and operator.start < target.start
        return after if prefix or before is None else (before if certain else UNKNOWN)

    def _class(self, node: Branch) -> Value:
        self.evaluate_heritage(node)
        body = node.get("body")
        for member in body.kids if body is not None else ():
            if member.type == "method_definition":
                self.function(member)
                name = member.get("name")
                if name is not None and name.type == "computed_property_name":
                    self.key(name)
            elif member.type == "class_static_block":
                self.block(member.kids)
            else:
                self.evaluate(member.get("value"))
        return Object({}, known=False)

    def evaluate_heritage(self, node: Branch) -> None:
        """Look at what a class extends."""
        for kid in node.kids:
            if kid.type == "class_heritage":
                for base in kid.kids:
                    self.evaluate(base)

    def _class_statement(self, node: Branch) -> None:
        made = self._class(node)
        name = node.get("name")
        if name is not None:
            self._set(self.text(name), made, declare=True)

    def _import(self, node: Branch) -> None:
        source = node.get("source")
        if source is None:
            return
        path = naming.module(str(self.evaluate(source)))
        self.add(Kind.IMPORT, path.path, node)
        for clause in node.kids:
            for part in clause.kids if clause.type == "import_clause" else ():
                if part.type == "identifier":
                    self._set(self.text(part), path, declare=True)
                elif part.type == "namespace_import":
                    self._set(self.text(part.kids[0]), path, declare=True)
                for spec in part.kids if part.type == "named_imports" else ():
                    name, alias = spec.get("name"), spec.get("alias")
                    if name is None:
                        continue
                    found = naming.member(path.path, self.text(name))
                    self.reached(spec, found, called=False)
                    self._set(self.text(alias or name), found, declare=True)
