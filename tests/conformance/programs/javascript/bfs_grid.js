const [head, ...rows] = require("fs").readFileSync(0, "utf8").trim().split("\n");
const [h, w] = head.split(" ").map(Number);
const dist = new Map([[0, 0]]);
const queue = [0];
for (const cell of queue) {
  const r = Math.floor(cell / w), c = cell % w;
  for (const [y, x] of [[r, c + 1], [r + 1, c], [r, c - 1], [r - 1, c]]) {
    if (rows[y]?.[x] === "." && !dist.has(y * w + x)) { dist.set(y * w + x, dist.get(cell) + 1); queue.push(y * w + x); }
  }
}
console.log(dist.get(h * w - 1) ?? "unreachable", dist.size);
