        global  main
        extern  printf

        section .rodata
format: db      "parts: %d", 10, 0

        section .text
main:   sub     rsp, 8
        call    answer
        lea     rdi, [rel format]
        mov     esi, eax
        xor     eax, eax
        call    printf wrt ..plt
        xor     eax, eax
        add     rsp, 8
        ret

%include "answer.inc"

        section .note.GNU-stack noalloc noexec nowrite progbits
