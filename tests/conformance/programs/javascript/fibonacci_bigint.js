const n = parseInt(require("fs").readFileSync(0, "utf8"), 10);
let [a, b] = [0n, 1n];
for (let i = 0; i < n; i++) [a, b] = [b, a + b];
const text = a.toString();
console.log(text.length, text.slice(0, 20), text.slice(-20), a % 1000000007n, a & 0xffffn);
