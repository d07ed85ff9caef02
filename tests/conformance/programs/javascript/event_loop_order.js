setTimeout(() => console.log("timeout 0"), 0);
setImmediate(() => setTimeout(() => console.log("later timer"), 0));
process.nextTick(() => console.log("nextTick"));
Promise.resolve().then(() => console.log("microtask")).then(() => process.nextTick(console.log, "tick in microtask"));
queueMicrotask(() => console.log("queued microtask"));
(async () => { console.log("async body"); await null; console.log("after await"); })();
console.log("sync end");
