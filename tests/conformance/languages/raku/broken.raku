say $missing;
