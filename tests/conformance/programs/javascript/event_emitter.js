const EventEmitter = require("events");
const bus = new EventEmitter();
bus.once("tick", (n) => console.log("once", n));
bus.on("tick", (n) => console.log("on", n));
for (let i = 0; i < 3; i++) console.log(bus.emit("tick", i), bus.listenerCount("tick"));
bus.emit("error", new Error("unhandled event"));
