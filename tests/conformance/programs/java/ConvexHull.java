import java.util.*;

public class ConvexHull {
    record Point(long x, long y) implements Comparable<Point> {
        public int compareTo(Point o) {
            return x != o.x ? Long.compare(x, o.x) : Long.compare(y, o.y);
        }
    }

    static long cross(Point o, Point a, Point b) {
        return (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x);
    }

    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        TreeSet<Point> points = new TreeSet<>();
        while (in.hasNextLong()) points.add(new Point(in.nextLong(), in.nextLong()));
        List<Point> hull = new ArrayList<>();
        for (var side : List.of(points, points.descendingSet())) {
            int base = hull.size();
            for (Point p : side) {
                while (hull.size() - base > 1 && cross(hull.get(hull.size() - 2), hull.get(hull.size() - 1), p) <= 0)
                    hull.remove(hull.size() - 1);
                hull.add(p);
            }
            hull.remove(hull.size() - 1);
        }
        System.out.println(hull.size() + " " + hull);
    }
}
