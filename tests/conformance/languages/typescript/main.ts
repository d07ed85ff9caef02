declare function require(name: string): any;
declare const process: any;

const fs = require("fs");
const [mode = "hello", ...rest]: string[] = process.argv.slice(2);

interface Action {
  (): void;
}

const actions: Record<string, Action> = {
  hello: () => console.log("Hello, world!"),
  echo: () => process.stdout.write(fs.readFileSync(0)),
  args: () => rest.forEach((word) => console.log(word)),
  exit: () => process.exit(7),
  crash: () => {
    const nothing: any = null;
    nothing.property;
  },
  spin: () => {
    for (;;);
  },
  fill: () => {
    for (const all: string[] = []; ; ) all.push("x".repeat(1000) + all.length);
  },
  read: () => process.stdout.write(fs.readFileSync(rest[0])),
};
actions[mode]();
