from abc import ABC, abstractmethod
from functools import total_ordering


class Shape(ABC):
    @abstractmethod
    def area(self): ...

    def __str__(self):
        return f"{type(self).__name__}({self.area():.2f})"


@total_ordering
class Square(Shape):
    def __init__(self, side):
        self.side = side

    def area(self):
        return self.side**2

    def __eq__(self, other):
        return self.area() == other.area()

    def __lt__(self, other):
        return self.area() < other.area()

    def __hash__(self):
        return hash(self.side)


class Meta(type):
    def __new__(mcs, name, bases, body):
        return super().__new__(mcs, name, bases, {**body, "tag": name.lower()})


class Tagged(metaclass=Meta):
    pass


print(Square(2), Square(2) >= Square(1), Tagged.tag, Square.__mro__)
Shape()
