let count: int = "not a number"
