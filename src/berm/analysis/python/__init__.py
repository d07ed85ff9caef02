"""Python programs: parsed, and evaluated as far as constants and known names reach; never executed."""
