local answer = require("answer")
print("parts: " .. answer())
