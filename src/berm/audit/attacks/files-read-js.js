// id = "files-read-js"
// title = "read a host file and the service's environment from JavaScript, also through a child"
// guarantee = "filesystem"
// layers = ["pivot-root", "landlock-fs"]
// source = ["vm2 advisories: the jail is the kernel's", "n8n CVE-2025-68668 (a runtime's own rules are no jail)"]
// needs = ["secret-file", "service"]
// bare = "user"
const fs = require("fs");
const props = JSON.parse(process.argv[2]);
const through = [];
const refused = [];
function attempt(label, action) {
  try {
    const text = action();
    if (!text || !text.length) throw new Error("empty");
    console.log("READ " + text);
    through.push(label);
  } catch (error) {
    refused.push(label + "=" + (error.code || error.message));
  }
}
attempt("readFileSync", () => fs.readFileSync(props.secret_path, "utf8"));
attempt("readdir", () => fs.readdirSync(props.secret_dir).join(" "));
attempt("link", () => {
  fs.symlinkSync(props.secret_path, "link");
  return fs.readFileSync("link", "utf8");
});
attempt("environ", () => fs.readFileSync("/proc/" + props.service_pid + "/environ", "latin1").slice(0, 4000));
attempt("child", () => require("child_process").execFileSync("cat", [props.secret_path], { stdio: ["ignore", "pipe", "ignore"] }).toString());
attempt("binding", () => {
  const result = process.binding("spawn_sync").spawn({
    file: "/bin/cat", args: ["cat", props.secret_path], envPairs: [],
    stdio: [{ type: "pipe", readable: true, writable: false }, { type: "pipe", readable: false, writable: true }],
  });
  return String(result.output && result.output[1]).replace("null", "");
});
console.log((through.length ? "ESCAPED " + through : "HELD " + refused).replace(/\n/g, " "));
