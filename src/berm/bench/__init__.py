"""``berm bench``: what a cell costs on this machine, beside the bare program and other sandboxes."""
