integer function answer()
    answer = 42
end function
