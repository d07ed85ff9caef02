import json
import sys


def walk(value, path="$"):
    if isinstance(value, dict):
        for key in sorted(value):
            yield from walk(value[key], f"{path}.{key}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from walk(item, f"{path}[{i}]")
    else:
        yield path, value


document = json.load(sys.stdin)
for path, value in walk(document):
    print(path, json.dumps(value))
print(json.dumps(document, indent=1, sort_keys=True, ensure_ascii=True))
