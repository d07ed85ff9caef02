import ctypes

from attack import props, syscall

key = int(props["token"][:7], 16)
text = props["canary"].encode()
library = ctypes.CDLL(None, use_errno=True)
library.shmat.restype = ctypes.c_void_p


class Message(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_long), ("text", ctypes.c_char * 64)]


try:
    segment = syscall("shmget", key, 4096, 0o1666)
    ctypes.memmove(library.shmat(segment, None, 0), text, len(text))
except OSError as error:
    print(error)
try:
    number = syscall("msgget", key, 0o1666)
    syscall("msgsnd", number, ctypes.byref(Message(1, text)), len(text), 0)
except OSError as error:
    print(error)
try:
    syscall("semget", key, 1, 0o1666)
except OSError as error:
    print(error)
