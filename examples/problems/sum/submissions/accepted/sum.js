const words = require("fs").readFileSync(0, "utf8").trim().split(/\s+/).slice(1);
console.log(String(words.map(BigInt).reduce((a, b) => a + b, 0n)));
