const limit = Number(require("fs").readFileSync(0));
const composite = new Uint8Array(limit + 1);
const primes = [];
for (let i = 2; i <= limit; i++) {
  if (composite[i]) continue;
  primes.push(i);
  for (let j = i * i; j <= limit; j += i) composite[j] = 1;
}
console.log(primes.length, primes[primes.length - 1], primes.slice(-3));
