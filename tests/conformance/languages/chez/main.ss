(define args (command-line-arguments))
(define mode (if (null? args) "hello" (car args)))

(define (copy port)
  (let loop ((line (get-line port)))
    (unless (eof-object? line)
      (put-string (current-output-port) line)
      (newline)
      (loop (get-line port)))))

(cond
  [(string=? mode "hello") (display "Hello, world!\n")]
  [(string=? mode "echo") (copy (current-input-port))]
  [(string=? mode "args") (for-each (lambda (word) (display word) (newline)) (cdr args))]
  [(string=? mode "exit") (exit 7)]
  [(string=? mode "crash") (error 'main "on purpose")]
  [(string=? mode "spin") (let loop () (loop))]
  [(string=? mode "fill") (let loop ((all '())) (loop (cons (make-vector 100000 1) all)))]
  [(string=? mode "read") (call-with-input-file (cadr args) copy)])
