import sys

mode, rest = (sys.argv[1:] or ["hello"])[0], sys.argv[2:]
if mode == "hello":
    print("Hello, world!")
elif mode == "echo":
    for line in sys.stdin:
        sys.stdout.write(line)
elif mode == "args":
    for word in rest:
        print(word)
elif mode == "exit":
    sys.exit(7)
elif mode == "crash":
    print(1 // 0)
elif mode == "spin":
    while True:
        pass
elif mode == "fill":
    everything = []
    while True:
        everything.append("x" * 1_000_000)
elif mode == "read":
    with open(rest[0]) as file:
        sys.stdout.write(file.read())
