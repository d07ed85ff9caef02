const { promisify, inspect, format, types } = require("util");
const assert = require("assert");
console.log(format("%s %O", "a", { b: 1 }), types.isPromise(Promise.resolve()), inspect("x\n"));
promisify(setTimeout)(3, "slept").then(console.log);
try { assert.deepStrictEqual({ a: 1 }, { a: 2 }); } catch (error) { console.log(error.code, error.message.split("\n")[0]); }
console.log(new URL("https://u@host:81/p/../q?x=1#f").href, new TextEncoder().encode("é"), atob("aGk="), typeof fetch);
try { require("./missing-module"); } catch (error) { console.log(error.code, error.requireStack.length); }
