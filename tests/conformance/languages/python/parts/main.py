from answer import answer

print("parts:", answer())
