pub fn main() void {
    const count: u32 = "not a number";
    _ = count;
}
