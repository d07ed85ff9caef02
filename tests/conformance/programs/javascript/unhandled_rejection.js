console.log("sync done");
Promise.reject(new RangeError("nobody catches"));
