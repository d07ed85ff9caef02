text = input()
suffixes = sorted(range(len(text)), key=lambda i: text[i:])
lcp = []
for a, b in zip(suffixes, suffixes[1:]):
    n = 0
    while a + n < len(text) and b + n < len(text) and text[a + n] == text[b + n]:
        n += 1
    lcp.append(n)
print(suffixes)
print(lcp)
longest = max(range(len(lcp)), key=lcp.__getitem__)
print(repr(text[suffixes[longest]:][: lcp[longest]]))
