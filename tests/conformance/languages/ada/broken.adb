procedure Main is
   Count : Integer := "not a number";
begin
   null;
end Main;
