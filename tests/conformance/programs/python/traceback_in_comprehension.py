rows = ["1,2", "3,x"]
print([[int(cell) for cell in row.split(",")] for row in rows])
