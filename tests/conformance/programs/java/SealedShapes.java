import java.util.*;

sealed interface Shape permits Circle, Rectangle, Unit {
    double area();
}

record Circle(double radius) implements Shape {
    Circle {
        if (radius < 0) throw new IllegalArgumentException("negative radius " + radius);
    }

    public double area() {
        return Math.PI * radius * radius;
    }
}

record Rectangle(double width, double height) implements Shape {
    public double area() {
        return width * height;
    }
}

enum Unit implements Shape {
    SQUARE;

    public double area() {
        return 1;
    }
}

class SealedShapesMain {
    static String name(Shape shape) {
        if (shape instanceof Circle c && c.radius() > 10) return "big " + c;
        return shape.toString();
    }

    public static void main(String[] args) {
        for (Shape s : new Shape[] {new Circle(1.5), new Rectangle(2, 3), Unit.SQUARE, new Circle(11)})
            System.out.printf(Locale.ROOT, "%s %.4f%n", name(s), s.area());
        new Circle(-1);
    }
}
