const numbers = require("fs").readFileSync("/dev/stdin", "utf8").trim().split("\n").map(Number);
function sort(items) {
  if (items.length < 2) return items;
  const half = items.length >> 1;
  const left = sort(items.slice(0, half)), right = sort(items.slice(half));
  const merged = [];
  let i = 0, j = 0;
  while (i < left.length && j < right.length) merged.push(left[i] <= right[j] ? left[i++] : right[j++]);
  return merged.concat(left.slice(i), right.slice(j));
}
process.stdout.write(sort(numbers).join("\n") + "\n");
