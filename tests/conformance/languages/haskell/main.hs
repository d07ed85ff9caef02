import qualified Data.ByteString as B
import System.Environment (getArgs)
import System.Exit (ExitCode (ExitFailure), exitWith)

main :: IO ()
main = do
  args <- getArgs
  case args of
    [] -> putStrLn "Hello, world!"
    "hello" : _ -> putStrLn "Hello, world!"
    "echo" : _ -> B.getContents >>= B.putStr
    "args" : rest -> mapM_ putStrLn rest
    "exit" : _ -> exitWith (ExitFailure 7)
    "crash" : _ -> error "on purpose"
    "spin" : _ -> spin 0
    "fill" : _ -> print (fill [])
    ["read", path] -> B.readFile path >>= B.putStr
    _ -> return ()

spin :: Int -> IO ()
spin n = if n < 0 then print n else spin ((n + 1) `mod` 1000)

fill :: [Integer] -> Int
fill all = if length all `mod` 2 == 5 then 0 else fill (reverse ([1 .. 100000] ++ all))
