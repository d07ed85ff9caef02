import sys
import traceback


def where():
    names = []
    frame = sys._getframe()
    while frame:
        names.append((frame.f_code.co_name, frame.f_lineno))
        frame = frame.f_back
    return names


def caller():
    return where()


print(caller())
print([entry.name for entry in traceback.extract_stack()])
traceback.print_stack(file=sys.stdout)
