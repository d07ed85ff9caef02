"""Policy: which syscalls and rights a run gets, and the plan that gives them."""
