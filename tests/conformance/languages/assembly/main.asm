; x86-64 with the C library: main(argc, argv)
        default rel
        global  main
        extern  puts, fread, fwrite, fopen, malloc, memset, strcmp, perror
        extern  stdin, stdout

        section .rodata
hello:  db      "Hello, world!", 0
mode_hello: db  "hello", 0
mode_echo: db   "echo", 0
mode_args: db   "args", 0
mode_exit: db   "exit", 0
mode_crash: db  "crash", 0
mode_spin: db   "spin", 0
mode_fill: db   "fill", 0
mode_read: db   "read", 0
binary: db      "rb", 0
no_memory: db   "malloc", 0

        section .bss
block:  resb    65536

        section .text
%macro when 2
        mov     rdi, r13
        lea     rsi, [%1]
        call    strcmp wrt ..plt
        test    eax, eax
        jz      %2
%endmacro

main:   push    rbx
        push    r12
        push    r13
        mov     ebx, edi
        mov     r12, rsi
        lea     r13, [mode_hello]
        cmp     ebx, 2
        jl      .chosen
        mov     r13, [r12 + 8]
.chosen:
        when    mode_hello, .hello
        when    mode_echo, .echo
        when    mode_args, .args
        when    mode_exit, .exit
        when    mode_crash, .crash
        when    mode_spin, .spin
        when    mode_fill, .fill
        when    mode_read, .read
.done:  xor     eax, eax
.leave: pop     r13
        pop     r12
        pop     rbx
        ret
.hello: lea     rdi, [hello]
        call    puts wrt ..plt
        jmp     .done
.echo:  mov     r13, [stdin]
        jmp     .copy
.read:  mov     rdi, [r12 + 16]
        lea     rsi, [binary]
        call    fopen wrt ..plt
        mov     r13, rax
        test    rax, rax
        jnz     .copy
        mov     rdi, [r12 + 16]
        call    perror wrt ..plt
        mov     eax, 1
        jmp     .leave
.copy:  lea     rdi, [block]
        mov     esi, 1
        mov     edx, 65536
        mov     rcx, r13
        call    fread wrt ..plt
        test    rax, rax
        jz      .done
        lea     rdi, [block]
        mov     esi, 1
        mov     rdx, rax
        mov     rcx, [stdout]
        call    fwrite wrt ..plt
        jmp     .copy
.args:  mov     r13d, 2
.next:  cmp     r13d, ebx
        jge     .done
        mov     rdi, [r12 + r13 * 8]
        call    puts wrt ..plt
        inc     r13d
        jmp     .next
.exit:  mov     eax, 7
        jmp     .leave
.crash: ud2
.spin:  jmp     .spin
.fill:  mov     edi, 1048576
        call    malloc wrt ..plt
        test    rax, rax
        jz      .full
        mov     rdi, rax
        mov     esi, 1
        mov     edx, 1048576
        call    memset wrt ..plt
        jmp     .fill
.full:  lea     rdi, [no_memory]
        call    perror wrt ..plt
        mov     eax, 1
        jmp     .leave

        section .note.GNU-stack noalloc noexec nowrite progbits
