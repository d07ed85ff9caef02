import core.stdc.stdlib : exit;
import std.stdio;

void main(string[] args)
{
    switch (args.length > 1 ? args[1] : "hello")
    {
    case "hello":
        writeln("Hello, world!");
        break;
    case "echo":
        foreach (block; stdin.byChunk(65_536))
            stdout.rawWrite(block);
        break;
    case "args":
        foreach (word; args[2 .. $])
            writeln(word);
        break;
    case "exit":
        exit(7);
        break;
    case "crash":
        throw new Exception("on purpose");
    case "spin":
        for (uint i = 0;; i++)
            if (args.length == 0)
                break;
        break;
    case "fill":
        ubyte[][] all;
        while (true)
        {
            auto more = new ubyte[1_000_000];
            more[] = 1;
            all ~= more;
        }
    case "read":
        foreach (block; File(args[2], "rb").byChunk(65_536))
            stdout.rawWrite(block);
        break;
    default:
    }
}
