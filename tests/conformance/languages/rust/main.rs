use std::io::{self, Read, Write};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args.get(1).map(|s| s.as_str()).unwrap_or("hello") {
        "hello" => println!("Hello, world!"),
        "echo" => {
            io::copy(&mut io::stdin().lock(), &mut io::stdout().lock()).unwrap();
        }
        "args" => args.iter().skip(2).for_each(|word| println!("{}", word)),
        "exit" => std::process::exit(7),
        "crash" => panic!("on purpose"),
        "spin" => loop {
            std::hint::spin_loop();
        },
        "fill" => {
            let mut all = Vec::new();
            loop {
                all.push(vec![1u8; 1 << 20]);
            }
        }
        "read" => {
            let mut text = Vec::new();
            std::fs::File::open(&args[2]).unwrap().read_to_end(&mut text).unwrap();
            io::stdout().write_all(&text).unwrap();
        }
        _ => {}
    }
}
