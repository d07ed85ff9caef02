        global  main
main:   mov     eax, missing_symbol_[
