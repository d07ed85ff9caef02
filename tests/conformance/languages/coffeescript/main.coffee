fs = require 'fs'
[mode = 'hello', rest...] = process.argv.slice 2
switch mode
  when 'hello' then console.log 'Hello, world!'
  when 'echo' then process.stdout.write fs.readFileSync 0
  when 'args' then console.log word for word in rest
  when 'exit' then process.exit 7
  when 'crash' then null.property
  when 'spin' then loop mode
  when 'fill'
    all = []
    loop all.push 'x'.repeat(1000) + all.length
  when 'read' then process.stdout.write fs.readFileSync rest[0]
