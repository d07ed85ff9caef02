print("leaving")
exit(4)
print("never")
