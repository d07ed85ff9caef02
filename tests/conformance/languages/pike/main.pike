int main(int argc, array(string) argv)
{
  switch (argc > 1 ? argv[1] : "hello") {
    case "hello":
      write("Hello, world!\n");
      break;
    case "echo":
      while (string part = Stdio.stdin.read(65536, 1)) {
        if (part == "") break;
        write(part);
      }
      break;
    case "args":
      foreach (argv[2..], string word) write(word + "\n");
      break;
    case "exit":
      return 7;
    case "crash":
      error("on purpose\n");
    case "spin":
      for (int i = 0; ; i++);
    case "fill":
      array(string) all = ({});
      while (1) all += ({ "x" * 1000000 + sizeof(all) });
    case "read":
      write(Stdio.FILE(argv[2], "r")->read());
      break;
  }
  return 0;
}
