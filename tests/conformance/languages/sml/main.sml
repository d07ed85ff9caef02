fun copy stream =
  case TextIO.inputLine stream of
    SOME line => (print line; copy stream)
  | NONE => ()

fun spin n = if n < 0 then () else spin ((n + 1) mod 1000)

fun fill all = fill (Array.array (100000, 1) :: all)

fun main () =
  case CommandLine.arguments () of
    [] => print "Hello, world!\n"
  | "hello" :: _ => print "Hello, world!\n"
  | "echo" :: _ => copy TextIO.stdIn
  | "args" :: words => app (fn word => print (word ^ "\n")) words
  | "exit" :: _ => Posix.Process.exit 0w7
  | "crash" :: _ => raise Fail "on purpose"
  | "spin" :: _ => spin 0
  | "fill" :: _ => fill []
  | "read" :: path :: _ => copy (TextIO.openIn path)
  | _ => ();
