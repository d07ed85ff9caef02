// id = "signal-js"
// title = "kill another process from JavaScript"
// guarantee = "processes"
// layers = ["pid-namespace", "landlock-scope", "uid"]
// confined = ["landlock-scope", "seccomp", "uid"]
// source = ["eoj#27", "Pyodide sandboxes (child_process reached through the runtime)"]
// needs = ["bystander"]
// bare = "user"
const props = JSON.parse(process.argv[2]);
const through = [];
const refused = [];
for (const signal of ["SIGURG", "SIGSTOP", "SIGKILL"]) {
  try {
    process.kill(props.bystander_pid, signal);
    through.push(signal);
  } catch (error) {
    refused.push(signal + "=" + error.code);
  }
}
console.log(through.length ? "ESCAPED " + through : "HELD " + refused);
