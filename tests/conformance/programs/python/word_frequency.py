import re
import sys
from collections import Counter

words = Counter(re.findall(r"[\w']+", sys.stdin.read().lower()))
for word, count in sorted(words.items(), key=lambda item: (-item[1], item[0]))[:25]:
    print(f"{count:6d} {word}")
print(len(words), sum(words.values()))
