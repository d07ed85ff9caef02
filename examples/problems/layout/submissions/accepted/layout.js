const [w, h] = require("fs").readFileSync(0, "utf8").split(" ").map(Number);
const lines = ["#".repeat(w)];
for (let i = 0; i < h - 2; i++) lines.push("#" + " ".repeat(w - 2) + "#");
lines.push("#".repeat(w));
console.log(lines.join("\n"));
