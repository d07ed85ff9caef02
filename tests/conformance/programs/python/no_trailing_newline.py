print("no newline here", end="")
