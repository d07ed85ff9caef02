class Bad:
    def __del__(self):
        raise RuntimeError("ignored")

    def __repr__(self):
        return "<Bad>"


x = Bad()
del x
print("still here")
