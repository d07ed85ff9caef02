(display "never closed"
