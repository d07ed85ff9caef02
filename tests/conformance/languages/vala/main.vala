int main (string[] args) {
    string mode = args.length > 1 ? args[1] : "hello";
    switch (mode) {
    case "hello":
        stdout.printf ("Hello, world!\n");
        break;
    case "echo":
        string? line;
        while ((line = stdin.read_line ()) != null)
            stdout.printf ("%s\n", line);
        break;
    case "args":
        for (int i = 2; i < args.length; i++)
            stdout.printf ("%s\n", args[i]);
        break;
    case "exit":
        return 7;
    case "crash":
        assert_not_reached ();
    case "spin":
        for (uint i = 0; args.length > 0; i++);
        break;
    case "fill":
        string all = "x";
        while (true)
            all += string.nfill (1000000, 'x');
    case "read":
        string text;
        try {
            FileUtils.get_contents (args[2], out text);
            stdout.printf ("%s", text);
        } catch (FileError error) {
            stderr.printf ("%s\n", error.message);
            return 1;
        }
        break;
    }
    return 0;
}
