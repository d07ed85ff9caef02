const lines = require("fs").readFileSync(0, "utf8").trim().split("\n");
for (const line of lines) {
  let [base, exponent, modulus] = line.split(" ").map(BigInt), result = 1n;
  for (base %= modulus; exponent; exponent >>= 1n, base = (base * base) % modulus)
    if (exponent & 1n) result = (result * base) % modulus;
  console.log(result.toString(), result.toString(36));
}
