// id = "net-tcp-js"
// title = "connect to the host's loopback from JavaScript"
// guarantee = "network"
// layers = ["network-namespace", "landlock-net", "seccomp"]
// source = ["CVE-2024-29021", "vm2 advisories: the jail is the kernel's"]
// needs = ["tcp"]
// bare = "user"
const net = require("net");
const props = JSON.parse(process.argv[2]);
process.on("uncaughtException", (error) => answer("HELD " + (error.code || error.message)));
function answer(line) {
  console.log(line);
  process.exit(0);
}
const socket = net.connect(props.tcp_port, "127.0.0.1", () => {
  socket.end("from the attack");
  answer("ESCAPED connected");
});
socket.on("error", (error) => answer("HELD " + (error.code || error.message)));
