with Ada.Command_Line;
with Ada.Text_IO;
with Ada.Text_IO.Text_Streams;
with Ada.Streams;

procedure Main is
   use Ada.Command_Line;
   use Ada.Text_IO;

   type Numbers is array (1 .. 250_000) of Integer;
   type Link is access Numbers;

   procedure Copy (From : in out Ada.Streams.Root_Stream_Type'Class) is
      use type Ada.Streams.Stream_Element_Offset;
      Block : Ada.Streams.Stream_Element_Array (1 .. 65_536);
      Last  : Ada.Streams.Stream_Element_Offset;
   begin
      loop
         From.Read (Block, Last);
         exit when Last < 1;
         Text_Streams.Stream (Standard_Output).Write (Block (1 .. Last));
      end loop;
   end Copy;

   Mode : constant String := (if Argument_Count > 0 then Argument (1) else "hello");
   File : File_Type;
   More : Link;
   Spin : Integer := 0;
   pragma Volatile (Spin);
begin
   if Mode = "hello" then
      Put_Line ("Hello, world!");
   elsif Mode = "echo" then
      Copy (Text_Streams.Stream (Standard_Input).all);
   elsif Mode = "args" then
      for I in 2 .. Argument_Count loop
         Put_Line (Argument (I));
      end loop;
   elsif Mode = "exit" then
      Set_Exit_Status (7);
   elsif Mode = "crash" then
      raise Program_Error with "on purpose";
   elsif Mode = "spin" then
      loop
         Spin := (Spin + 1) mod 1000;
      end loop;
   elsif Mode = "fill" then
      loop
         More := new Numbers'(others => 1);
         Spin := More (1);
      end loop;
   elsif Mode = "read" then
      Open (File, In_File, Argument (2));
      Copy (Text_Streams.Stream (File).all);
   end if;
end Main;
