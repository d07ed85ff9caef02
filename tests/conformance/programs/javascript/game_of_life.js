let alive = new Set();
require("fs").readFileSync(0, "utf8").split("\n").forEach((line, r) => [...line].forEach((c, x) => c === "*" && alive.add(`${r},${x}`)));
for (let g = 0; g < 20; g++) {
  const near = new Map();
  for (const cell of alive) {
    const [r, c] = cell.split(",").map(Number);
    for (let y = r - 1; y <= r + 1; y++) for (let x = c - 1; x <= c + 1; x++)
      if (y !== r || x !== c) near.set(`${y},${x}`, (near.get(`${y},${x}`) ?? 0) + 1);
  }
  alive = new Set([...near].filter(([cell, n]) => n === 3 || (n === 2 && alive.has(cell))).map(([cell]) => cell));
}
console.log(alive.size, [...alive].sort().slice(0, 5));
