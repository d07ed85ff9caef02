const log = [];
const proxy = new Proxy({}, { get: (t, k) => (log.push(String(k)), k in t ? t[k] : 0), has: () => true, set: (t, k, v) => ((t[k] = v * 2), true) });
proxy.x = 21;
console.log(proxy.x, proxy.y, "z" in proxy, log);
const range = { from: 1, to: 4, *[Symbol.iterator]() { for (let i = this.from; i <= this.to; i++) yield i; }, [Symbol.toPrimitive]: (hint) => hint };
console.log([...range], `${range}`, +range, Math.max(...range));
console.log(Object.entries({ b: 1, a: 2, 1: 3 }), Reflect.ownKeys({ [Symbol.for("k")]: 1, z: 2 }), new WeakMap() instanceof Object);
