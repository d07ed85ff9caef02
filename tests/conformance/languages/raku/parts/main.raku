use lib ".";
use Answer;

say "parts: ", answer;
