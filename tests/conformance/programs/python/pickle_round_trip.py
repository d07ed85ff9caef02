import copy
import pickle


class Node:
    def __init__(self, value, parent=None):
        self.value, self.children, self.parent = value, [], parent

    def add(self, value):
        self.children.append(Node(value, self))
        return self.children[-1]


root = Node("root")
root.add("a").add("b")
clone = pickle.loads(pickle.dumps(root))
deep = copy.deepcopy(clone)
print(clone.children[0].children[0].value, deep.children[0].parent is deep, Node.__module__)
