"""Cells from the host's side: build, park, run once, die."""
