from contextlib import ExitStack, contextmanager, suppress


@contextmanager
def tag(name):
    print(f"<{name}>")
    try:
        yield name
    finally:
        print(f"</{name}>")


with ExitStack() as stack:
    names = [stack.enter_context(tag(n)) for n in "abc"]
    print(names)
with suppress(ZeroDivisionError), tag("div"):
    1 / 0
with tag("last"):
    raise OSError(2, "No such thing", "file.txt")
