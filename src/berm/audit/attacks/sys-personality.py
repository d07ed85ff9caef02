# id = "sys-personality"
# title = "switch off address randomisation and read-implies-exec rules by personality"
# guarantee = "syscalls"
# layers = ["seccomp"]
# source = ["surface: personality"]
# bare = "user"
# notes = "Asking (0xffffffff) and PER_LINUX are harmless and may be allowed."
from attack import Tally, syscall

tally = Tally()
for name, value in (("no randomisation", 0x40000), ("read implies exec", 0x400000), ("map at page zero", 0x100000), ("Linux32", 8), ("SVR4", 1)):
    tally.attempt(name, syscall, "personality", value)
tally.finish()
