import answer;
import std.stdio;

void main()
{
    writeln("parts: ", value());
}
