args <- commandArgs(trailingOnly = TRUE)
mode <- if (length(args) > 0) args[1] else "hello"
switch(mode,
  hello = cat("Hello, world!\n"),
  echo = writeLines(readLines(file("stdin", encoding = "UTF-8"), encoding = "UTF-8")),
  args = cat(paste0(args[-1], "\n"), sep = ""),
  exit = quit(status = 7),
  crash = stop("on purpose"),
  spin = while (TRUE) {},
  fill = {
    all <- list()
    repeat all[[length(all) + 1]] <- numeric(200000) + length(all)
  },
  read = writeLines(readLines(args[2]))
)
