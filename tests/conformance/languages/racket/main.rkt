#lang racket/base
(require racket/port racket/file)

(define args (vector->list (current-command-line-arguments)))
(define mode (if (null? args) "hello" (car args)))

(case mode
  [("hello") (displayln "Hello, world!")]
  [("echo") (copy-port (current-input-port) (current-output-port))]
  [("args") (for-each displayln (cdr args))]
  [("exit") (exit 7)]
  [("crash") (error "on purpose")]
  [("spin") (let loop () (loop))]
  [("fill") (let loop ([all '()]) (loop (cons (make-vector 100000 1) all)))]
  [("read") (display (file->string (cadr args)))])
