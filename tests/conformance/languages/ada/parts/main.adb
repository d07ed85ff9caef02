with Ada.Text_IO;
with Answer;

procedure Main is
begin
   Ada.Text_IO.Put_Line ("parts:" & Integer'Image (Answer));
end Main;
