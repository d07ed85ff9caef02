# The compiler's own report: no traceback, but the line and a caret.
def f(:
    pass
