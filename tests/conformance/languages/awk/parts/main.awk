@include "answer.awk"

BEGIN { print "parts: " answer() }
