import sys


class Node:
    __slots__ = ("next", "count")

    def __init__(self):
        self.next = {}
        self.count = 0


root = Node()
for line in sys.stdin:
    command, _, word = line.strip().partition(" ")
    node = root
    if command == "add":
        for char in word:
            node = node.next.setdefault(char, Node())
            node.count += 1
    else:
        for char in word:
            node = node.next.get(char)
            if node is None:
                break
        print(word, node.count if node else 0)
