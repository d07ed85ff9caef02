# id = "secret-objects"
# title = "search the interpreter's objects for what the launcher knew: secrets, sockets, other sources"
# guarantee = "secrets"
# layers = ["agent"]
# source = ["RestrictedPython CVE-2023-37271 (frames)", "design: the launcher never holds a secret"]
# needs = ["service"]
# bare = ""
# why = "What would get through is state of Berm's own launcher, which a bare interpreter has not."
import gc
import io
import socket
import sys

from attack import CANARY, escaped, held

found = []
for item in gc.get_objects():
    if isinstance(item, socket.socket) and item.fileno() >= 0:
        found.append("an open socket %r" % item)
    if isinstance(item, io.IOBase):
        try:
            if not item.closed and item.fileno() > 2:
                found.append("an open file %r" % item)
        except (OSError, ValueError, AttributeError):
            pass
    inside = item.values() if isinstance(item, dict) else item if isinstance(item, (list, tuple, set, frozenset)) else ()
    try:
        texts = [part.encode("utf-8", "replace") if isinstance(part, str) else bytes(part) for part in list(inside) if isinstance(part, (str, bytes, bytearray))]
    except (RuntimeError, TypeError):
        continue
    for text in texts:
        if CANARY.search(text):
            found.append("a secret: %r" % text[:80])
launcher = [name for name in sys.modules if name.startswith("berm")]
if launcher:
    found.append("modules of the launcher: " + ", ".join(launcher))
if found:
    escaped("; ".join(found[:5]))
held("%d objects looked at" % len(gc.get_objects()))
