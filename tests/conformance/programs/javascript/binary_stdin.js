const chunks = [];
process.stdin.on("data", (chunk) => chunks.push(chunk));
process.stdin.on("end", () => {
  const data = Buffer.concat(chunks);
  const hash = require("crypto").createHash("sha256").update(data).digest("hex");
  console.log(data.length, hash, data.readUInt32BE(0), data.subarray(0, 4).toString("base64"));
});
