const { answer } = require("./answer");
console.log("parts:", answer());
