cat((1 + )
