const lines = require("readline").createInterface({ input: process.stdin });
let low = 1, high = 1000, guess = 500;
console.log(guess);
lines.on("line", (answer) => {
    if (answer === "correct") return lines.close();
    if (answer === "lower") high = guess - 1;
    else low = guess + 1;
    guess = Math.floor((low + high) / 2);
    console.log(guess);
});
