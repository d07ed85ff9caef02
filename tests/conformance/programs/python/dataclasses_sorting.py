import sys
from dataclasses import asdict, dataclass, field


@dataclass(order=True)
class Student:
    sort_key: tuple = field(init=False, repr=False)
    name: str
    grade: float
    tags: list = field(default_factory=list, compare=False)

    def __post_init__(self):
        self.sort_key = (-self.grade, self.name)


students = [Student(n, float(g)) for n, g in (line.split() for line in sys.stdin)]
for student in sorted(students):
    print(student, asdict(student)["grade"])
