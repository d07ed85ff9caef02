process.stderr.write("going down\n");
process.kill(process.pid, "SIGKILL");
setTimeout(() => {}, 10000);
