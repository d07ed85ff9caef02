mod answer;

fn main() {
    println!("parts: {}", answer::answer());
}
