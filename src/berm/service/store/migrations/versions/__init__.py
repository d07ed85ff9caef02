"""The steps. Each has the one before it as ``down_revision``."""
