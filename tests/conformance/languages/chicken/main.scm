(import (chicken io) (chicken process-context))

(define args (command-line-arguments))
(define mode (if (null? args) "hello" (car args)))

(cond
 ((string=? mode "hello") (display "Hello, world!\n"))
 ((string=? mode "echo") (write-string (read-string #f)))
 ((string=? mode "args") (for-each (lambda (word) (display word) (newline)) (cdr args)))
 ((string=? mode "exit") (exit 7))
 ((string=? mode "crash") (error "on purpose"))
 ((string=? mode "spin") (let loop () (loop)))
 ((string=? mode "fill")
  (let loop ((all '())) (loop (cons (make-vector 100000 1) all))))
 ((string=? mode "read") (display (call-with-input-file (cadr args) (lambda (port) (read-string #f port))))))
