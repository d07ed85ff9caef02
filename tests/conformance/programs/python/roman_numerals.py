import sys

VALUES = [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
          (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]


def to_roman(n):
    text = ""
    for value, letters in VALUES:
        count, n = divmod(n, value)
        text += letters * count
    return text


def from_roman(text):
    total = 0
    for value, letters in VALUES:
        while text.startswith(letters):
            total, text = total + value, text[len(letters):]
    return total


for word in sys.stdin.read().split():
    print(to_roman(int(word)) if word.isdigit() else from_roman(word))
