class LRU {
  constructor(size) { this.size = size; this.map = new Map(); }
  get(key) {
    if (!this.map.has(key)) return undefined;
    const value = this.map.get(key);
    this.map.delete(key); this.map.set(key, value);
    return value;
  }
  set(key, value) {
    this.map.delete(key); this.map.set(key, value);
    if (this.map.size > this.size) this.map.delete(this.map.keys().next().value);
  }
}
const cache = new LRU(3);
for (const line of require("fs").readFileSync(0, "utf8").trim().split("\n")) {
  const [op, key, value] = line.split(" ");
  if (op === "get") console.log(key, cache.get(key)); else cache.set(key, value);
}
console.log([...cache.map]);
