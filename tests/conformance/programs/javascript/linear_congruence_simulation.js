let seed = +require("fs").readFileSync(0);
const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
let inside = 0;
for (let i = 0; i < 400000; i++) inside += random() ** 2 + random() ** 2 < 1;
console.log((4 * inside) / 400000, seed);
const histogram = Array(10).fill(0);
for (let i = 0; i < 10000; i++) histogram[Math.floor(random() * 10)]++;
console.log(histogram.join(" "));
