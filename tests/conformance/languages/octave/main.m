args = argv();
mode = "hello";
if numel(args) > 0
  mode = args{1};
end
switch mode
  case "hello"
    printf("Hello, world!\n");
  case "echo"
    while ischar(line = fgets(stdin))
      fputs(stdout, line);
    end
  case "args"
    for i = 2:numel(args)
      printf("%s\n", args{i});
    end
  case "exit"
    exit(7);
  case "crash"
    error("on purpose");
  case "spin"
    while true
    end
  case "fill"
    all = {};
    while true
      all{end + 1} = ones(500, 500) * numel(all);
    end
  case "read"
    file = fopen(args{2});
    fputs(stdout, fread(file, Inf, "char=>char")');
end
