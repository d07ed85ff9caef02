class Heap {
  #items = [];
  get size() { return this.#items.length; }
  push(item) {
    const a = this.#items;
    let i = a.push(item) - 1;
    while (i && a[(i - 1) >> 1][0] > a[i][0]) {
      const p = (i - 1) >> 1;
      [a[i], a[p]] = [a[p], a[i]];
      i = p;
    }
  }
  pop() {
    const a = this.#items, top = a[0], last = a.pop();
    if (a.length) {
      a[0] = last;
      for (let i = 0; ; ) {
        let c = 2 * i + 1;
        if (c >= a.length) break;
        if (c + 1 < a.length && a[c + 1][0] < a[c][0]) c++;
        if (a[i][0] <= a[c][0]) break;
        [a[i], a[c]] = [a[c], a[i]];
        i = c;
      }
    }
    return top;
  }
}
const [[n], ...edges] = require("fs").readFileSync(0, "utf8").trim().split("\n").map((l) => l.split(" ").map(Number));
const graph = Array.from({ length: n }, () => []);
for (const [u, v, w] of edges) { graph[u].push([v, w]); graph[v].push([u, w]); }
const distance = new Array(n).fill(Infinity);
const heap = new Heap();
heap.push([distance[0] = 0, 0]);
while (heap.size) {
  const [d, u] = heap.pop();
  if (d > distance[u]) continue;
  for (const [v, w] of graph[u]) if (d + w < distance[v]) heap.push([distance[v] = d + w, v]);
}
console.log(distance.join(" "));
