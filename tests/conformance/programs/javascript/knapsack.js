const [[capacity], ...items] = require("fs").readFileSync(0, "utf8").trim().split("\n").map((l) => l.split(" ").map(Number));
const best = new Float64Array(capacity + 1);
for (const [weight, value] of items)
  for (let c = capacity; c >= weight; c--) best[c] = Math.max(best[c], best[c - weight] + value);
console.log(best[capacity], [...best.filter((_, i) => i % 10 === 0)]);
