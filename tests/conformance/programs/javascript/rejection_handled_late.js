process.on("unhandledRejection", (reason) => { console.log("hook:", reason.message); process.exitCode = 6; });
Promise.reject(new Error("late"));
