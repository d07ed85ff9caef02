class Point { constructor(x, y) { this.x = x; this.y = y; } get norm() { return Math.hypot(this.x, this.y); } }
console.log(new Point(3, 4), { a: { b: { c: { d: 1 } } } }, [1, , 3], new Map([["k", [1, 2]]]), new Set("aab"));
console.log([undefined, null, NaN, true, Symbol("s"), 10n, "q'uote", /re/g, () => 1, function named() {}]);
console.log("%s is %d years and %i, %f, %j %o %%", "Ann", 42.5, 42.9, "1.5", { a: 1 }, [1]);
console.log(new Array(200).fill(7), "x".repeat(20), Buffer.from("hi"), new Uint8Array(3), new Error("shown").message);
console.table([{ a: 1, b: "x" }, { a: 2, b: "y" }]);
console.group("group"); console.log("indented\ntwice"); console.groupEnd(); console.dir({ deep: [[[[1]]]] }, { depth: 0 });
