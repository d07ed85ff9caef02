for (const line of require("fs").readFileSync(0, "utf8").trim().split("\n")) {
  const x = Number(line);
  console.log(x, String(x), Number.isFinite(x) && x.toFixed(2), x.toPrecision(3), x.toExponential(2), x | 0, x.toString(2).slice(0, 20));
}
console.log(0.1 + 0.2, -0, [-0], 1e21, 1 / 3, Number.MAX_SAFE_INTEGER + 2, parseFloat("3.14abc"), +"", +"x");
