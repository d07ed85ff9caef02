unit answer;

interface

function Value: integer;

implementation

function Value: integer;
begin
  Value := 42;
end;

end.
