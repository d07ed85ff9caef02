const fs = require("fs");
fs.writeFileSync("notes.txt", "alpha\nbeta\n");
fs.appendFileSync("notes.txt", "gamma\n");
console.log(fs.readFileSync("notes.txt", "utf8").split("\n"), fs.statSync("notes.txt").size);
fs.mkdirSync("sub/deep", { recursive: true });
fs.renameSync("notes.txt", "sub/deep/n");
console.log(fs.readdirSync("sub"), fs.existsSync("notes.txt"));
fs.promises.readFile("sub/deep/n").then((data) => { console.log(data.length); fs.readFileSync("absent"); });
