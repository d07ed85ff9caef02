switch (args ? args[0] : 'hello') {
    case 'hello': println 'Hello, world!'; break
    case 'echo': System.out << System.in; System.out.flush(); break
    case 'args': args.drop(1).each { println it }; break
    case 'exit': System.exit(7)
    case 'crash': throw new IllegalStateException('on purpose')
    case 'spin': while (true) {}
    case 'fill':
        def all = []
        while (true) all << new byte[100000]
    case 'read': print new File(args[1]).text
}
