local mode = arg[1] or "hello"
if mode == "hello" then
  print("Hello, world!")
elseif mode == "echo" then
  for line in io.lines() do print(line) end
elseif mode == "args" then
  for i = 2, #arg do print(arg[i]) end
elseif mode == "exit" then
  os.exit(7)
elseif mode == "crash" then
  error("on purpose")
elseif mode == "spin" then
  while true do end
elseif mode == "fill" then
  local all = {}
  while true do all[#all + 1] = string.rep("x", 1000000) .. #all end
elseif mode == "read" then
  local file = assert(io.open(arg[2]))
  io.write(file:read("*a"))
end
