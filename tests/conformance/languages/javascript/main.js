const fs = require("fs");
const [mode = "hello", ...rest] = process.argv.slice(2);
switch (mode) {
  case "hello":
    console.log("Hello, world!");
    break;
  case "echo":
    process.stdout.write(fs.readFileSync(0));
    break;
  case "args":
    for (const word of rest) console.log(word);
    break;
  case "exit":
    process.exit(7);
  case "crash":
    null.property;
    break;
  case "spin":
    for (;;);
  case "fill":
    for (const all = []; ; ) all.push("x".repeat(1000) + all.length);
  case "read":
    process.stdout.write(fs.readFileSync(rest[0]));
}
