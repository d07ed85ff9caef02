say (1 +
