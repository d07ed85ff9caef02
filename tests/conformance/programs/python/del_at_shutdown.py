import sys


class Resource:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        sys.stdout.write(f"closing {self.name}\n")


kept = Resource("global")
Resource("temporary")
print("end of main")
