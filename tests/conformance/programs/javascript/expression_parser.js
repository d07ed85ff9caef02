const parse = (text) => {
  const tokens = text.match(/\d+(\.\d+)?|[-+*/()^]/g) ?? [];
  let at = 0;
  const expression = (min = 0) => {
    let left = tokens[at] === "(" ? (at++, ((v) => (at++, v))(expression())) : tokens[at] === "-" ? (at++, -expression(3)) : Number(tokens[at++]);
    for (;;) {
      const operator = tokens[at], power = { "+": 1, "-": 1, "*": 2, "/": 2, "^": 4 }[operator];
      if (!power || power < min) return left;
      at++;
      const right = expression(operator === "^" ? power : power + 1);
      left = { "+": left + right, "-": left - right, "*": left * right, "/": left / right, "^": left ** right }[operator];
    }
  };
  return expression();
};
for (const line of require("fs").readFileSync(0, "utf8").trim().split("\n")) console.log(line, "=", parse(line));
