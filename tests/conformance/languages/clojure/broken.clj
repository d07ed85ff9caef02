(println (missing 1)
