(load-file "answer.clj")
(println "parts:" (answer))
