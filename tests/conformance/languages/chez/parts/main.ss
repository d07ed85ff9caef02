(load "answer.ss")
(display "parts: ")
(display (answer))
(newline)
