let () = Printf.printf "parts: %d\n" (Answer.value ())
