my ($mode, @rest) = @*ARGS ?? @*ARGS !! "hello";
given $mode // "hello" {
    when "hello" { say "Hello, world!" }
    when "echo" { .say for $*IN.lines }
    when "args" { .say for @rest.flat }
    when "exit" { exit 7 }
    when "crash" { die "on purpose" }
    when "spin" { loop { } }
    when "fill" { my @all; loop { @all.push: buf8.allocate(1_000_000, 1) } }
    when "read" { print @rest.flat[0].IO.slurp }
}
