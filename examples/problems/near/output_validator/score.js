// Gives a part of the points by the distance.
const fs = require("fs");
const [, , , answer, feedback] = process.argv;
const words = fs.readFileSync(0, "utf8").trim().split(/\s+/);
if (words.length !== 1 || !/^-?\d{1,9}$/.test(words[0])) process.exit(43);
const off = Math.abs(Number(words[0]) - Number(fs.readFileSync(answer, "utf8")));
fs.writeFileSync(feedback + "judgemessage.txt", `off by ${off}`);
if (off > 3) process.exit(43);
fs.writeFileSync(feedback + "score_multiplier.txt", String(1 / (1 + off)));
process.exit(42);
