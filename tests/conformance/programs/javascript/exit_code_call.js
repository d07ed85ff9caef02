console.log("before");
process.on("exit", (code) => console.log("exit handler", code));
process.exit(7);
