let copy channel =
  let block = Bytes.create 65536 in
  let rec go () =
    let n = input channel block 0 65536 in
    if n > 0 then (output stdout block 0 n; go ())
  in
  go ()

let rec fill all = fill (Bytes.make 1_000_000 'x' :: all)

let () =
  match Array.to_list Sys.argv with
  | [ _ ] | _ :: "hello" :: _ -> print_endline "Hello, world!"
  | _ :: "echo" :: _ -> copy stdin
  | _ :: "args" :: rest -> List.iter print_endline rest
  | _ :: "exit" :: _ -> exit 7
  | _ :: "crash" :: _ -> failwith "on purpose"
  | _ :: "spin" :: _ -> while true do () done
  | _ :: "fill" :: _ -> fill []
  | _ :: "read" :: path :: _ -> copy (open_in_bin path)
  | _ -> ()
