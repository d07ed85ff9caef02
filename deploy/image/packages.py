"""Print the packages that languages need: packages.py DATA apt|pip|npm NAMES.

NAMES are tiers or languages with commas between, such as ``minimal,csharp``; DATA is the folder of the language
files. Standard library only: it runs in the base image before anything else is there.
"""

import sys
import tomllib
from pathlib import Path

TIERS = ("minimal", "contest", "all")


def chosen(data, names):
    """Return the language files' tables that the names stand for; raises SystemExit at an unknown name."""
    tables = [tomllib.loads(path.read_text("utf-8")) for path in sorted(Path(data).glob("*.toml"))]
    known = {table["name"] for table in tables}
    if unknown := sorted(set(names) - known - set(TIERS)):
        sys.exit(
            f"berm: BERM_LANGUAGES names {', '.join(unknown)}. Tiers: {', '.join(TIERS)}."
            f" Languages: {', '.join(sorted(known))}."
        )
    upto = max((TIERS.index(name) for name in names if name in TIERS), default=-1)
    return [
        table
        for table in tables
        if table["name"] in names or TIERS.index(table.get("tier", "all")) <= upto
    ]


if __name__ == "__main__":
    folder, registry, text = sys.argv[1:]
    wanted = {part.strip() for part in text.split(",") if part.strip()}
    packages = {
        name for table in chosen(folder, wanted) for name in table["install"].get(registry, ())
    }
    print(*sorted(packages))
