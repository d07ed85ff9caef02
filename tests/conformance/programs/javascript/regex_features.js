const text = require("fs").readFileSync(0, "utf8");
for (const { groups: { y, m, d } } of text.matchAll(/(?<y>\d{4})-(?<m>\d\d)-(?<d>\d\d)/g)) console.log(d, m, y);
console.log(text.replace(/(\w+)@(\w+)\.com/g, (_, user, host) => `${host.toUpperCase()}<${user}>`).trim());
console.log(text.match(/(?<=\$)\d+/g), /\p{Lu}/u.test("Ж"), "a1b2".split(/(\d)/), /^.$/su.test("\n"));
