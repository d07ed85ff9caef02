println "parts: ${Answer.value()}"
