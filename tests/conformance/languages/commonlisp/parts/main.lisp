(load "answer.lisp")
(format t "parts: ~d~%" (answer))
