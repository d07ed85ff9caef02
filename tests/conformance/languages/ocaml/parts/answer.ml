let value () = 42
