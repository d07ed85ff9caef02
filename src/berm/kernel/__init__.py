"""What the kernel offers and how it is asked: filters, Landlock masks, cgroups, features found by trying."""
