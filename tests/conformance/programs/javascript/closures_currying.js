const compose = (...fs) => (x) => fs.reduceRight((v, f) => f(v), x);
const curry = (f, ...got) => (got.length >= f.length ? f(...got) : (...more) => curry(f, ...got, ...more));
const memo = (f, seen = new Map()) => (n) => seen.has(n) ? seen.get(n) : (seen.set(n, f(n)), seen.get(n));
const fib = memo((n) => (n < 2 ? BigInt(n) : fib(n - 1) + fib(n - 2)));
console.log(compose((x) => x + 1, (x) => x * 2)(5), curry((a, b, c) => a + b + c)(1)(2, 3), fib(90));
var counters = []; for (var i = 0; i < 3; i++) counters.push(() => i);
let others = []; for (let j = 0; j < 3; j++) others.push(() => j);
console.log(counters.map((f) => f()), others.map((f) => f()));
