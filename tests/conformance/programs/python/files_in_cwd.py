import os
import pathlib
import tempfile

pathlib.Path("data.txt").write_text("one\ntwo\n", encoding="utf-8")
with open("data.txt", "a") as stream:
    stream.write("three\n")
print(pathlib.Path("data.txt").read_text().split(), os.path.getsize("data.txt"))
os.mkdir("d")
os.rename("data.txt", "d/x")
print(sorted(os.listdir("d")), os.path.exists("data.txt"))
with tempfile.NamedTemporaryFile("w+") as temporary:
    temporary.write("temp")
    temporary.seek(0)
    print(temporary.read())
open("absent.txt")
