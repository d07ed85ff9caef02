(println "never closed"
