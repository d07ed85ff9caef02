program main
    implicit none
    character(len=4096) :: mode
    character(len=:), allocatable :: words(:)
    if (command_argument_count() > 0) then
        call get_command_argument(1, mode)
    else
        mode = 'hello'
    end if
    select case (trim(mode))
    case ('hello')
        print '(a)', 'Hello, world!'
    case ('echo')
        call copy(5)
    case ('args')
        call show_arguments()
    case ('exit')
        stop 7
    case ('crash')
        deallocate (words)
    case ('spin')
        call spin()
    case ('fill')
        call fill()
    case ('read')
        call get_command_argument(2, mode)
        open (10, file=trim(mode), status='old', action='read')
        call copy(10)
    end select
contains
    subroutine copy(unit)
        integer, intent(in) :: unit
        character(len=4096) :: line
        integer :: status, length
        do
            read (unit, '(a)', iostat=status, advance='no', size=length) line
            if (is_iostat_end(status)) exit
            write (*, '(a)') line(1:length)
        end do
    end subroutine

    subroutine show_arguments()
        character(len=4096) :: word
        integer :: i, length
        do i = 2, command_argument_count()
            call get_command_argument(i, word, length)
            print '(a)', word(1:length)
        end do
    end subroutine

    subroutine spin()
        integer, volatile :: i
        i = 0
        do
            i = mod(i + 1, 1000)
        end do
    end subroutine

    subroutine fill()
        type node
            real :: numbers(250000)
            type(node), pointer :: next => null()
        end type
        type(node), pointer :: head, more
        nullify (head)
        do
            allocate (more)
            more%numbers = 1.0
            more%next => head
            head => more
        end do
    end subroutine
end program
