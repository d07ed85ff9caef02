for (const line of require("fs").readFileSync(0, "utf8").trim().split("\n")) {
  const day = new Date(line);
  console.log(day.getTime(), isNaN(day) ? "invalid" : [day.toISOString(), day.getUTCDay(), day.toUTCString()]);
}
console.log(new Date(Date.UTC(2000, 1, 30)).toISOString(), new Date(0).toLocaleDateString("en-US", { timeZone: "UTC" }));
