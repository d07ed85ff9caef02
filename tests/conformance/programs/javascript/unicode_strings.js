const text = require("fs").readFileSync(0, "utf8").trim();
for (const word of text.split(" ")) {
  console.log(word, word.length, [...word].length, encodeURIComponent(word), word.normalize("NFD").length, word.toUpperCase());
}
console.log("\ud83d lone", Buffer.byteLength(text), "z".localeCompare("a"), "ß".toUpperCase(), escape("ü€"));
