IO.puts(undeclared_name)
