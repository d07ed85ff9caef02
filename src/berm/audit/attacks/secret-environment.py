# id = "secret-environment"
# title = "find a variable of the service in the program's own environment"
# guarantee = "secrets"
# layers = ["agent"]
# source = ["SandboxFusion base.py"]
# needs = ["service"]
# bare = "user"
import ctypes
import os

from attack import CANARY, escaped, held

texts = [repr(dict(os.environ)).encode()]
for name in ("/proc/self/environ", "/proc/thread-self/environ", "/proc/self/task/%d/environ" % os.getpid()):
    try:
        with open(name, "rb") as file:
            texts.append(file.read())
    except OSError:
        pass
# The C library's own view, which os.environ does not show.
block = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
index = 0
while block and block[index]:
    texts.append(block[index])
    index += 1
found = {match.decode() for text in texts for match in CANARY.findall(text)}
if found:
    escaped("the service's secret: %s" % ", ".join(found))
extra = set(os.environ) - {"PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "PYTHONIOENCODING", "PYTHONUNBUFFERED", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "USER", "LOGNAME", "SHELL", "TERM", "PWD", "TZ", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"}
if extra:
    escaped("variables that no program needs: %s" % ", ".join(sorted(extra)))
held("%d variables, all harmless" % len(os.environ))
