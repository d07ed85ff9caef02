function inner() { throw new TypeError("bad thing"); }
console.log("before");
inner();
