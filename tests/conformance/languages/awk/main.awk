BEGIN {
    mode = ARGC > 1 ? ARGV[1] : "hello"
    if (mode == "hello")
        print "Hello, world!"
    else if (mode == "echo")
        while ((getline line < "-") > 0)
            print line
    else if (mode == "args")
        for (i = 2; i < ARGC; i++)
            print ARGV[i]
    else if (mode == "exit")
        exit 7
    else if (mode == "crash")
        print 1 / (ARGC - ARGC)
    else if (mode == "spin")
        while (1)
            i = 1
    else if (mode == "fill") {
        text = "xxxxxxxxxxxxxxxxxxxx"
        while (1)
            text = text text
    } else if (mode == "read")
        while ((getline line < ARGV[2]) > 0)
            print line
    exit 0
}
