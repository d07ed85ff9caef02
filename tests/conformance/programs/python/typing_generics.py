from __future__ import annotations

from typing import Generic, NamedTuple, Protocol, TypeVar, get_type_hints

T = TypeVar("T")


class Stack(Generic[T]):
    def __init__(self) -> None:
        self.items: list[T] = []

    def push(self, item: T) -> None:
        self.items.append(item)


class Sized(Protocol):
    def __len__(self) -> int: ...


class Point(NamedTuple):
    x: int
    y: int = 0


stack: Stack[Point] = Stack()
stack.push(Point(1))
print(stack.items, Point(2, 3)._asdict(), Stack[int], get_type_hints(Point))
