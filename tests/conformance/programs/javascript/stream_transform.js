const { Transform, pipeline } = require("stream");
const upper = new Transform({ transform(chunk, _, done) { done(null, chunk.toString("latin1").toUpperCase()); } });
pipeline(process.stdin, upper, process.stdout, (error) => { if (error) process.exitCode = 1; });
