const lines = [];
for (let i = 0; i < 12000; i++) lines.push(`${i}: ${"=".repeat(i % 60)}`);
process.stdout.write(lines.join("\n") + "\n", () => console.log("flushed"));
