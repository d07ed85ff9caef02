program main;

uses answer;

begin
  WriteLn('parts: ', Value);
end.
