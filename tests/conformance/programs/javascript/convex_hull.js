const points = require("fs").readFileSync(0, "utf8").trim().split("\n").map((l) => l.split(" ").map(Number));
points.sort(([a, b], [c, d]) => a - c || b - d);
const cross = ([ox, oy], [ax, ay], [bx, by]) => (ax - ox) * (by - oy) - (ay - oy) * (bx - ox);
const half = (list) => list.reduce((hull, p) => {
  while (hull.length > 1 && cross(hull.at(-2), hull.at(-1), p) <= 0) hull.pop();
  return [...hull, p];
}, []);
const hull = [...half(points).slice(0, -1), ...half(points.slice().reverse()).slice(0, -1)];
console.log(hull);
console.log(hull.reduce((s, [x, y], i) => { const [u, v] = hull[(i + 1) % hull.length]; return s + x * v - u * y; }, 0) / 2);
