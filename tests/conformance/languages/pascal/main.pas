{$mode objfpc}{$H+}
program main;

uses SysUtils;

type
  Block = array[1..1000000] of byte;
  PBlock = ^Block;

procedure Copy(var source: Text);
var
  line: string;
begin
  while not Eof(source) do
  begin
    ReadLn(source, line);
    WriteLn(line);
  end;
end;

var
  mode: string;
  i: integer;
  item: PBlock;
  source: Text;
begin
  mode := 'hello';
  if ParamCount > 0 then mode := ParamStr(1);
  case mode of
    'hello': WriteLn('Hello, world!');
    'echo': Copy(Input);
    'args': for i := 2 to ParamCount do WriteLn(ParamStr(i));
    'exit': Halt(7);
    'crash': raise Exception.Create('on purpose');
    'spin': repeat i := 1 until i = 0;
    'fill':
      repeat
        New(item);
        FillChar(item^, SizeOf(Block), 1);
      until false;
    'read':
      begin
        Assign(source, ParamStr(2));
        Reset(source);
        Copy(source);
      end;
  end;
end.
