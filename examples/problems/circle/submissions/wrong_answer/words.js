const words = require("fs").readFileSync(0, "utf8").trim().split("\n").slice(1);
for (const word of words) console.log("NaN", word);
