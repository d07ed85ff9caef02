exports.area = (kind, a, b) => Number(a) * Number(kind === "square" ? a : b);
