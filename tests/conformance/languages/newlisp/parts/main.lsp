(load "answer.lsp")
(println "parts: " (answer))
(exit)
