import java.util.*;

public class FormatNumbers {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in).useLocale(Locale.ROOT);
        while (in.hasNext()) {
            double x = Double.parseDouble(in.next());
            System.out.println(x + " " + (float) x + " " + String.format(Locale.ROOT, "%.3f|%10.2e|%g|%a", x, x, x, x));
            System.out.println(Math.round(x) + " " + (int) x + " " + Double.compare(x, 0.0) + " " + Math.floorMod((long) x, 7));
        }
        System.out.println((byte) 200 + " " + (char) 97 + " " + (5 / -2) + " " + (5 % -2) + " " + (1 << 33) + " " + (-1 >>> 28));
        System.out.println(Integer.toHexString(-1) + " " + Long.toBinaryString(10) + " " + Integer.bitCount(255) + " " + Integer.MAX_VALUE + 1);
        System.out.println(0.1 + 0.2 + " " + 1.0 / 0 + " " + 0.0 / 0 + " " + 100.0 + " " + 1e7 + " " + 1e-5);
    }
}
