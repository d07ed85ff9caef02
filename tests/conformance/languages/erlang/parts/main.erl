-module(main).
-export([main/0]).

main() -> io:format("parts: ~b~n", [helper:answer()]).
