4096 constant longest
create line longest allot

: copy ( fileid -- )
  begin
    dup line longest rot read-line throw
  while
    line swap type cr
  repeat
  2drop ;

: show ( -- ) begin next-arg dup while type cr repeat 2drop ;
: fill-memory ( -- ) begin 1000000 allocate throw 1000000 1 fill again ;

: act ( addr u -- )
  2dup s" hello" compare 0= if ." Hello, world!" cr then
  2dup s" echo" compare 0= if stdin copy then
  2dup s" args" compare 0= if show then
  2dup s" exit" compare 0= if 7 (bye) then
  2dup s" crash" compare 0= if 1 0 / . then
  2dup s" spin" compare 0= if begin again then
  2dup s" fill" compare 0= if fill-memory then
  2dup s" read" compare 0= if next-arg r/o open-file throw copy then
  2drop ;

: main ( -- ) next-arg dup 0= if 2drop s" hello" then act ;
main bye
