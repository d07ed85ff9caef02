console.log("out 1");
console.error("err 1", { code: 1 });
console.warn("err 2");
console.info("out 2");
console.assert(1 === 2, "math %s", "broke");
process.stderr.write("raw err");
process.stdout.write("raw out");
