#lang racket/base
(require "answer.rkt")
(printf "parts: ~a\n" (answer))
