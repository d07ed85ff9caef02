const n = Number(require("fs").readFileSync(0, "utf8"));
const cells = [];
for (let i = 0; i < n; i++) cells.push(new Array(1 << 17).fill(i));
console.log(cells.length);
