program main
    implicit none
    integer, external :: answer
    print '(a, i0)', 'parts: ', answer()
end program
