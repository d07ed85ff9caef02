println((1 + )
