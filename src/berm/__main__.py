"""``python -m berm``: the command line."""

from berm.cli import main

if __name__ == "__main__":
    main()
