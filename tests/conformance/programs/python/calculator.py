import re
import sys

TOKEN = re.compile(r"\s*(?:(\d+\.?\d*)|(\*\*|.))")


def tokens(text):
    for number, operator in TOKEN.findall(text.strip()):
        yield float(number) if number else operator
    yield None


class Parser:
    def __init__(self, text):
        self.stream = tokens(text)
        self.now = next(self.stream)

    def take(self):
        now, self.now = self.now, next(self.stream, None)
        return now

    def sum(self):
        value = self.product()
        while self.now in ("+", "-"):
            value = value + self.product() if self.take() == "+" else value - self.product()
        return value

    def product(self):
        value = self.power()
        while self.now in ("*", "/"):
            value = value * self.power() if self.take() == "*" else value / self.power()
        return value

    def power(self):
        value = self.atom()
        return value ** self.power() if self.now == "**" and self.take() else value

    def atom(self):
        now = self.take()
        if now == "(":
            value = self.sum()
            if self.take() != ")":
                raise SyntaxError("missing )")
            return value
        if now == "-":
            return -self.atom()
        if not isinstance(now, float):
            raise SyntaxError(f"unexpected {now!r}")
        return now


for line in sys.stdin:
    try:
        print(line.strip(), "=", Parser(line).sum())
    except (SyntaxError, ZeroDivisionError) as error:
        print(line.strip(), "->", type(error).__name__, error)
