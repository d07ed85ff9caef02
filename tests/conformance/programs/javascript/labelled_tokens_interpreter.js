const source = require("fs").readFileSync(0, "utf8");
const jumps = {}, open = [];
[...source].forEach((c, i) => { if (c === "[") open.push(i); if (c === "]") { const j = open.pop(); jumps[i] = j; jumps[j] = i; } });
const tape = new Uint8Array(1000);
let out = "";
for (let i = 0, p = 0; i < source.length; i++) {
  switch (source[i]) {
    case ">": p++; break;
    case "<": p--; break;
    case "+": tape[p]++; break;
    case "-": tape[p]--; break;
    case ".": out += String.fromCharCode(tape[p]); break;
    case "[": if (!tape[p]) i = jumps[i]; break;
    case "]": if (tape[p]) i = jumps[i]; break;
  }
}
process.stdout.write(out);
