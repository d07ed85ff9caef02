fn main() {
    let count: i32 = "not a number";
}
