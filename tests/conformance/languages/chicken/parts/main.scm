(include "answer.scm")
(display "parts: ")
(display (answer))
(newline)
