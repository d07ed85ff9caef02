const n = Number(require("fs").readFileSync(0, "utf8"));
let count = 0;
for (let m = 3; m <= n; m += 2) if (m < 9 || (m % 3 && m % 5 && m % 7)) count++;
console.log(count);
