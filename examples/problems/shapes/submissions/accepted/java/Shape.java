import java.util.Scanner;

interface Shape {
    long area();

    static Shape of(Scanner in) {
        if (in.next().equals("square")) return new Square(in.nextLong());
        long a = in.nextLong(), b = in.nextLong();
        return () -> a * b;
    }
}
