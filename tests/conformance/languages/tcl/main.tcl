fconfigure stdin -encoding utf-8
fconfigure stdout -encoding utf-8
set mode [expr {$argc > 0 ? [lindex $argv 0] : "hello"}]
switch $mode {
    hello { puts "Hello, world!" }
    echo { while {[gets stdin line] >= 0} { puts $line } }
    args { foreach word [lrange $argv 1 end] { puts $word } }
    exit { exit 7 }
    crash { error "on purpose" }
    spin { while 1 {} }
    fill {
        set all {}
        while 1 { lappend all [string repeat x 1000000][llength $all] }
    }
    read {
        set file [open [lindex $argv 1]]
        puts -nonewline [read $file]
    }
}
