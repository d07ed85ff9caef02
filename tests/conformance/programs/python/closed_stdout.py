import sys

print("seen")
sys.stdout.flush()
sys.stdout.close()
print("not seen")
