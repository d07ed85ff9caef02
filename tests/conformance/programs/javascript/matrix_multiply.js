const [[n], ...rows] = require("fs").readFileSync(0, "utf8").trim().split("\n").map((l) => l.split(" ").map(Number));
const multiply = (a, b) => a.map((row) => b[0].map((_, j) => row.reduce((sum, x, k) => sum + x * b[k][j], 0)));
let product = rows;
for (let i = 0; i < 3; i++) product = multiply(product, rows);
product.forEach((row) => console.log(row.map((x) => x.toFixed(3).padStart(14)).join("")));
