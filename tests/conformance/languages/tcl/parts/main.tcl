source answer.tcl
puts "parts: [answer]"
