import locale
import os

print(sorted(os.environ))
print(os.environ["LANG"], os.environ["PATH"], os.environ["HOME"] == os.getcwd(), locale.getpreferredencoding())
