// berm: args ["one", "two words", "", "--inspect-brk", "é"]
const path = require("path");
console.log(process.argv.slice(2), path.basename(process.argv[1]), path.basename(__filename), process.argv.length);
console.log(require.main === module, __dirname === process.cwd(), process.argv0 !== "", Object.keys(process.env).sort());
