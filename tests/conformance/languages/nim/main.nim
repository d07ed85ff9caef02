import os

let mode = if paramCount() > 0: paramStr(1) else: "hello"
case mode
of "hello": echo "Hello, world!"
of "echo": stdout.write(stdin.readAll)
of "args":
  for i in 2 .. paramCount(): echo paramStr(i)
of "exit": quit(7)
of "crash": raise newException(ValueError, "on purpose")
of "spin":
  var i = 0
  while true: i = (i + 1) mod 1000
of "fill":
  var all: seq[string]
  while true:
    var more = newString(1_000_000)
    for c in more.mitems: c = 'x'
    all.add more
of "read": stdout.write(readFile(paramStr(2)))
else: discard
