using System;
using System.Collections.Generic;
using System.IO;

public static class Program
{
    public static int Main(string[] args)
    {
        switch (args.Length > 0 ? args[0] : "hello")
        {
            case "hello":
                Console.WriteLine("Hello, world!");
                break;
            case "echo":
                using (var output = Console.OpenStandardOutput())
                    Console.OpenStandardInput().CopyTo(output);
                break;
            case "args":
                for (int i = 1; i < args.Length; i++) Console.WriteLine(args[i]);
                break;
            case "exit":
                return 7;
            case "crash":
                throw new InvalidOperationException("on purpose");
            case "spin":
                for (uint i = 0; ; i++) ;
            case "fill":
                for (var all = new List<byte[]>(); ; ) all.Add(new byte[100000]);
            case "read":
                Console.Write(File.ReadAllText(args[1]));
                break;
        }
        return 0;
    }
}
