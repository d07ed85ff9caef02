// id = "bomb-workers-js"
// title = "start more workers and children from JavaScript than the limit allows"
// guarantee = "process_count"
// layers = ["cgroup", "watchdog"]
// source = ["limit: threads of a runtime itself not counted"]
// expect = ["process_limit", "memory_limit"]
// limits = { processes = 5, wall_time = 8.0, cpu_time = 8.0 }
// bare = "user"
const { Worker } = require("worker_threads");
let alive = 0;
for (let i = 0; i < 24; i++) {
  try {
    const worker = new Worker("setTimeout(() => {}, 6000)", { eval: true });
    worker.on("online", () => alive++);
    worker.on("error", () => {});
  } catch (error) {}
}
setTimeout(() => {
  console.log((alive > 12 ? "ESCAPED " : "HELD ") + alive + " workers");
  process.exit(0);
}, 4000);
