-module(main).
-export([main/0]).

main() ->
    ok = io:setopts(standard_io, [binary, {encoding, latin1}]),
    case init:get_plain_arguments() of
        ["args" | Words] -> [show(Word) || Word <- Words];
        ["read", Name] -> {ok, Text} = file:read_file(Name), show_bytes(Text);
        ["echo" | _] -> echo();
        ["exit" | _] -> halt(7);
        ["crash" | _] -> error(on_purpose);
        ["spin" | _] -> spin();
        ["fill" | _] -> fill([]);
        _ -> io:put_chars("Hello, world!\n")
    end.

show(Word) -> show_bytes([unicode:characters_to_binary(Word), "\n"]).

show_bytes(Bytes) -> ok = file:write(standard_io, Bytes).

echo() ->
    case file:read(standard_io, 65536) of
        {ok, Bytes} -> show_bytes(Bytes), echo();
        eof -> ok
    end.

spin() -> spin().

fill(All) -> fill([binary:copy(<<"x">>, 1000000) | All]).
