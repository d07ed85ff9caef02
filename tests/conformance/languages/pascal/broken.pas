program main;
var
  count: integer;
begin
  count := 'not a number';
end.
