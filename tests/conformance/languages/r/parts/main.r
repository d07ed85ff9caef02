source("answer.r")
cat("parts: ", answer(), "\n", sep = "")
