function* permutations(items) {
  if (items.length <= 1) { yield items; return; }
  for (let i = 0; i < items.length; i++)
    for (const rest of permutations([...items.slice(0, i), ...items.slice(i + 1)])) yield [items[i], ...rest];
}
const letters = require("fs").readFileSync(0, "utf8").trim();
const all = [...permutations([...letters])].map((p) => p.join(""));
console.log(all.length, all.slice(0, 6), all.at(-1));
const iterator = permutations([1, 2, 3]);
console.log(iterator.next(), iterator.return("stop"), iterator.next());
