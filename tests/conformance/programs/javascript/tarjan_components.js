const [[n], ...edges] = require("fs").readFileSync(0, "utf8").trim().split("\n").map((l) => l.split(" ").map(Number));
const graph = Array.from({ length: n }, () => []);
edges.forEach(([u, v], i) => (i % 3 ? graph[u].push(v) : graph[v].push(u)));
const index = [], low = [], stack = [], on = new Set(), sizes = [];
let counter = 0;
function visit(v) {
  index[v] = low[v] = counter++;
  stack.push(v); on.add(v);
  for (const u of graph[v]) {
    if (index[u] === undefined) { visit(u); low[v] = Math.min(low[v], low[u]); }
    else if (on.has(u)) low[v] = Math.min(low[v], index[u]);
  }
  if (low[v] === index[v]) {
    let size = 0, u;
    do { on.delete(u = stack.pop()); size++; } while (u !== v);
    sizes.push(size);
  }
}
for (let v = 0; v < n; v++) if (index[v] === undefined) visit(v);
console.log(sizes.length, Math.max(...sizes), sizes.reduce((a, b) => a + b));
