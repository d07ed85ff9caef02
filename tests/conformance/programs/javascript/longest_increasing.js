const values = require("fs").readFileSync(0, "utf8").trim().split("\n").map(Number);
const tails = [], at = [], from = [];
values.forEach((value, i) => {
  let lo = 0, hi = tails.length;
  while (lo < hi) { const mid = (lo + hi) >>> 1; values[tails[mid]] < value ? (lo = mid + 1) : (hi = mid); }
  from[i] = lo ? tails[lo - 1] : -1;
  tails[lo] = i;
});
for (let i = tails.at(-1); i !== -1; i = from[i]) at.unshift(values[i]);
console.log(tails.length, at.slice(0, 5), at.slice(-5));
