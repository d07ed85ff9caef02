// id = "memory-buffers-js"
// title = "take memory outside of the JavaScript heap"
// guarantee = "memory"
// layers = ["cgroup", "rlimits", "watchdog"]
// source = ["measured: RLIMIT_AS kills Node"]
// expect = ["memory_limit"]
// limits = { memory = 268435456, wall_time = 8.0 }
// bare = "user"
const blocks = [];
try {
  for (let i = 0; i < 12; i++) blocks.push(Buffer.alloc(64 << 20, 1));
} catch (error) {
  console.log("HELD " + error.message.split("\n")[0]);
  process.exit(0);
}
setTimeout(() => {
  console.log("ESCAPED held " + blocks.length * 64 + " MiB for 0.7 s under a limit of 256 MiB");
  process.exit(0);
}, 700);
