print((1 + )
