<?php
switch ($argv[1] ?? "hello") {
    case "hello":
        echo "Hello, world!\n";
        break;
    case "echo":
        while (($line = fgets(STDIN)) !== false) echo $line;
        break;
    case "args":
        foreach (array_slice($argv, 2) as $word) echo "$word\n";
        break;
    case "exit":
        exit(7);
    case "crash":
        throw new RuntimeException("on purpose");
    case "spin":
        while (true);
    case "fill":
        for ($all = []; ; ) $all[] = str_repeat("x", 1000000);
    case "read":
        echo file_get_contents($argv[2]);
}
