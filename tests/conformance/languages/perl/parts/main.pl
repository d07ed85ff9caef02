use lib ".";
use Answer;

print "parts: ", Answer::value(), "\n";
