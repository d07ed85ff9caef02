puts [expr {1 +
