"""The code that runs in and around a cell: standard library only, Python 3.8 and later.

Nothing here imports :mod:`berm`, and the host imports nothing of this package but
:mod:`berm_cell.protocol`. It is the trusted code to audit: :mod:`~berm_cell.steps` has
every layer in the order in which the kernel sees it.
"""
