"""How much somebody may ask for: rates by GCRA, runs at a time, CPU time by the hour."""
