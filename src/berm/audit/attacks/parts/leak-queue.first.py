import os

from attack import props, syscall

name = "berm-" + props["token"]
text = props["canary"].encode()
try:
    number = syscall("mq_open", name.encode(), os.O_RDWR | os.O_CREAT, 0o666, None)
    syscall("mq_timedsend", number, text, len(text), 0, None)
except OSError as error:
    print(error)
try:
    with open("/dev/shm/" + name, "wb") as file:
        file.write(text)
except OSError as error:
    print(error)
