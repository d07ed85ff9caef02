(use-modules (ice-9 rdelim) (ice-9 textual-ports))

(define args (cdr (command-line)))
(define mode (if (null? args) "hello" (car args)))

(cond
 ((string=? mode "hello") (display "Hello, world!\n"))
 ((string=? mode "echo")
  (let loop ((line (read-line (current-input-port) 'concat)))
    (unless (eof-object? line)
      (display line)
      (loop (read-line (current-input-port) 'concat)))))
 ((string=? mode "args") (for-each (lambda (word) (display word) (newline)) (cdr args)))
 ((string=? mode "exit") (exit 7))
 ((string=? mode "crash") (error "on purpose"))
 ((string=? mode "spin") (let loop () (loop)))
 ((string=? mode "fill")
  (let loop ((all '())) (loop (cons (make-vector 100000 1) all))))
 ((string=? mode "read") (display (call-with-input-file (cadr args) get-string-all))))
