record Square(long side) implements Shape {
    public long area() {
        return side * side;
    }
}
