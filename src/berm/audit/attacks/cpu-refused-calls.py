# id = "cpu-refused-calls"
# title = "keep Berm busy with calls that it refuses and counts"
# guarantee = "cpu"
# layers = ["watchdog"]
# source = ["design: refused calls are told to the user"]
# expect = ["cpu_limit", "wall_limit"]
# limits = { cpu_time = 1.0, wall_time = 2.0 }
# bare = ""
# why = "The target is the process that answers refused calls; bare there is none."
import socket

while True:
    for family in (socket.AF_INET, socket.AF_INET6, 16, 17, 38, 40):
        try:
            socket.socket(family, socket.SOCK_STREAM)
        except OSError:
            pass
