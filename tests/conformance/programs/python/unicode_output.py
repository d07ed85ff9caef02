import sys
import unicodedata

for char in sys.stdin.read().strip():
    print(char, f"U+{ord(char):04X}", unicodedata.name(char, "?"), unicodedata.category(char), char.upper())
print("é" == unicodedata.normalize("NFC", "é"), len("👩‍👩‍👧"), "ß".casefold())
