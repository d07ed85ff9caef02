parse arg line
mode = arg(1)
if mode == '' then mode = 'hello'
select
  when mode == 'hello' then say 'Hello, world!'
  when mode == 'echo' then do forever
    line = linein()
    if stream('stdin', 's') \= 'READY' then leave
    say line
  end
  when mode == 'args' then do i = 2 to arg()
    say arg(i)
  end
  when mode == 'exit' then exit 7
  when mode == 'crash' then say 1 / 0
  when mode == 'spin' then do forever
    nop
  end
  when mode == 'fill' then do i = 1
    all.i = copies('x', 1000000)
  end
  when mode == 'read' then do while lines(arg(2)) > 0
    say linein(arg(2))
  end
end
