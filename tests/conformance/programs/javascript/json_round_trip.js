const value = JSON.parse(require("fs").readFileSync(0, "utf8"), (k, v) => (k === "when" ? new Date(v) : v));
console.log(value.when.toISOString(), value);
console.log(JSON.stringify({ ...value, f() {}, u: undefined, n: NaN, m: new Map([[1, 2]]) }, null, 2));
const loop = {}; loop.self = loop;
try { JSON.stringify(loop); } catch (error) { console.log(error.message.split("\n")[0]); }
console.log(structuredClone({ a: [1, new Set([2])] }));
