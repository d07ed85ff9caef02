exports.answer = -> 42
