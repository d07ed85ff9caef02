const out = Buffer.alloc(70000);
for (let i = 0; i < out.length; i++) out[i] = (i * 7 + (i >> 8)) & 255;
process.stdout.write(out);
