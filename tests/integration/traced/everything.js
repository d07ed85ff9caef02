// Use what programs use of Node; print one line for each. argv[2] is a directory to write in.
const fs = require('fs');
const path = require('path');
const { Worker, isMainThread } = require('worker_threads');

function use(name, f) {
  try { f(); console.log(name, 'ok'); } catch (e) { console.log(name, e.code || e.message); }
}

if (!isMainThread) {
  new SharedArrayBuffer(1 << 16);
} else {
  const work = process.argv[2];
  use('input', () => { if (fs.readFileSync(0, 'utf8').trim() !== '5') throw new Error('not 5'); });
  use('files', () => {
    const file = path.join(work, 'o');
    fs.writeFileSync(file, 'x');
    fs.appendFileSync(file, 'y');
    fs.renameSync(file, file + '2');
    fs.mkdirSync(path.join(work, 'd'));
    fs.rmSync(path.join(work, 'd'), { recursive: true });
    fs.mkdtempSync(path.join(work, 'q'));
    fs.readdirSync(work);
    fs.statSync(work);
    fs.unlinkSync(file + '2');
    const fd = fs.openSync(file, 'w'); fs.writevSync(fd, [Buffer.from('a'), Buffer.from('b')]); fs.fsyncSync(fd); fs.closeSync(fd);
  });
  use('a copy of a file', () => { fs.copyFileSync(__filename, path.join(work, 'copy')); });
  use('memory', () => { const a = []; for (let i = 0; i < 1e6; i++) a.push({ i }); new ArrayBuffer(32 << 20); new WebAssembly.Memory({ initial: 1 }); });
  use('time and chance', () => { process.hrtime(); process.memoryUsage(); process.cpuUsage(); require('os').cpus(); require('crypto').randomBytes(8); process.uptime(); });
  use('compression', () => { require('zlib').gzipSync('a'); });
  use('a child process', () => { if (require('child_process').spawnSync('/bin/sh', ['-c', 'exit 3']).status !== 3) { const e = new Error('refused'); e.code = 'EPERM'; throw e; } });
  const worker = new Worker(__filename);
  worker.on('exit', (code) => {
    console.log('worker', code === 0 ? 'ok' : code);
    const socket = require('net').connect(9, '127.0.0.1');
    socket.on('error', (e) => { console.log('a network connection', e.code); setTimeout(() => process.exit(3), 5); });
  });
  fs.promises.readFile(__filename).then(() => console.log('promises ok'));
}
