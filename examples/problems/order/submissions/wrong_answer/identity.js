const [n] = require("fs").readFileSync(0, "utf8").split(" ").map(Number);
console.log(Array.from({ length: n }, (_, i) => i + 1).join(" "));
