const { area } = require("./area.js");
const lines = require("fs").readFileSync(0, "utf8").trim().split("\n");
console.log(lines.filter(Boolean).map((line) => area(...line.split(" "))).reduce((a, b) => a + b, 0));
