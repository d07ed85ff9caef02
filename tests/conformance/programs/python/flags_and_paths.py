import os
import sys

print(sys.flags.isolated, sys.flags.no_site, sys.flags.utf8_mode, sys.flags.dont_write_bytecode, sys.flags.hash_randomization)
print(sys.path[0] == os.path.dirname(os.path.abspath(__file__)), sys.orig_argv[1:] == sys.argv if hasattr(sys, "orig_argv") else True)
print(sys.stdin.encoding, sys.stdout.encoding, sys.stderr.encoding, sys.getfilesystemencoding())
print(sys.stdin.errors, sys.stdout.errors, sys.stderr.errors, sys.stdout.line_buffering, sys.stdout.isatty())
print(sys.stdin.name, sys.stdout.name, sys.stderr.name, sys.stdin.mode, sys.stdout.mode)
print(sys.implementation.name, sys.byteorder, sys.maxsize, sys.argv[0].endswith(".py"))
