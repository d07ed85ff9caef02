const lines = require("readline").createInterface({ input: process.stdin });
let count = 0, longest = "";
lines.on("line", (line) => {
  count += 1;
  if (line.length > longest.length) longest = line;
});
lines.on("close", () => console.log(`${count} lines, longest ${JSON.stringify(longest)}`));
