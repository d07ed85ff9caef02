const text = require("fs").readFileSync("text.txt", "utf8");
console.log(text.split(process.argv[2]).length - 1);
