// Loaded by `node --require` before the program: waits, writes the program's files, and gets out of
// the way, so that Node itself then runs the main module as `node main.js` does, on the same stack.
// The last argument is the descriptor of the socket; docs/adr/0015 says why a program cannot tell.
'use strict';

const worker = require('worker_threads');

if (worker.isMainThread) {
  const fs = require('fs');
  const path = require('path');

  // What nearly every program needs, compiled before there is one.
  for (const name of ['buffer', 'events', 'net', 'os', 'readline', 'stream', 'tty', 'util']) {
    require(name);
  }
  require('util').format('%s %d %j', 'a', 1, {});
  require('util').inspect({ a: [1, 'x', null, new Map([[1, 2]])], b: new Error('x') });

  const control = Number(process.argv.pop());
  fs.writeSync(control, 'p');
  const packet = Buffer.alloc(96 * 1024);
  const size = fs.readSync(control, packet, 0, packet.length, null);
  if (size === 0) {
    process.exit(0);
  }
  fs.closeSync(control);

  let at = 0;
  const number = () => {
    at += 4;
    return packet.readUInt32BE(at - 4);
  };
  const bytes = () => {
    const length = number();
    at += length;
    return packet.subarray(at - length, at);
  };
  for (let left = number(); left > 0; left--) {
    process.argv.push(bytes().toString('utf8'));
  }
  for (let left = number(); left > 0; left--) {
    const name = bytes().toString('utf8');
    const mode = number();
    const folder = path.dirname(name);
    if (folder !== '.') {
      fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
    }
    fs.writeFileSync(name, bytes(), { mode: mode & 0o755, flag: 'wx' });
  }
}

// Threads of the program load this file as well, and only tidy up.
const preload = process.execArgv.indexOf('--require');
process.execArgv.splice(preload, preload < 0 ? 0 : 2);
if (Array.isArray(process._preload_modules)) {
  process._preload_modules.splice(0);
}
const paths = require('module')._pathCache;
for (const key of Object.keys(paths || {})) {
  if (paths[key] === __filename) {
    delete paths[key];
  }
}
delete require.cache[__filename];
