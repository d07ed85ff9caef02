async function main() {
  let total = 0n;
  for await (const line of require("readline").createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (line) total += BigInt(line);
  }
  return total;
}
main().then((total) => console.log(total, `${total}`));
