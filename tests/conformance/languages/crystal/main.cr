case ARGV[0]? || "hello"
when "hello" then puts "Hello, world!"
when "echo"  then IO.copy(STDIN, STDOUT)
when "args"  then ARGV[1..].each { |word| puts word }
when "exit"  then exit 7
when "crash" then raise "on purpose"
when "spin"
  i = 0_u32
  loop { i &+= 1 }
when "fill"
  all = [] of String
  loop { all << "x" * 1_000_000 }
when "read" then print File.read(ARGV[1])
end
