import java.util.*;

class Circle {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in).useLocale(Locale.ROOT);
        StringBuilder out = new StringBuilder();
        for (int n = in.nextInt(); n > 0; n--) {
            double r = in.nextDouble();
            out.append(Math.PI * r * r).append(' ');
        }
        System.out.println(out);
    }
}
