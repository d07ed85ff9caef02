const data = Int32Array.from(require("fs").readFileSync(0, "utf8").split("\n").filter(Boolean).map(Number));
function sort(lo, hi) {
  while (lo < hi) {
    const pivot = data[(lo + hi) >> 1];
    let i = lo, j = hi;
    while (i <= j) {
      while (data[i] < pivot) i++;
      while (data[j] > pivot) j--;
      if (i <= j) [data[i++], data[j--]] = [data[j], data[i]];
    }
    if (j - lo < hi - i) { sort(lo, j); lo = i; } else { sort(i, hi); hi = j; }
  }
}
sort(0, data.length - 1);
let checksum = 0;
data.forEach((value, index) => { checksum = (checksum * 31 + value * (index % 7)) | 0; });
console.log(data.length, data[0], data.at(-1), checksum);
