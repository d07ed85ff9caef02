const n = +require("fs").readFileSync(0);
const place = (row, cols, d1, d2) => {
  if (row === n) return 1;
  let count = 0;
  for (let free = ~(cols | d1 | d2) & ((1 << n) - 1); free; free &= free - 1) {
    const bit = free & -free;
    count += place(row + 1, cols | bit, (d1 | bit) << 1, (d2 | bit) >> 1);
  }
  return count;
};
console.log(place(0, 0, 0, 0));
