import Answer (answer)

main :: IO ()
main = putStrLn ("parts: " ++ show answer)
