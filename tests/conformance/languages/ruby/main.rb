mode, *rest = ARGV
case mode || "hello"
when "hello" then puts "Hello, world!"
when "echo" then IO.copy_stream($stdin, $stdout)
when "args" then puts rest
when "exit" then exit 7
when "crash" then raise "on purpose"
when "spin" then loop {}
when "fill"
  all = []
  loop { all << "x" * 1_000_000 }
when "read" then print File.read(rest[0])
end
