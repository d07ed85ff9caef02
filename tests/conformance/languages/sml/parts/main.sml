use "answer.sml";

fun main () = print ("parts: " ^ Int.toString (answer ()) ^ "\n");
