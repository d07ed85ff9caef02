import java.util.*;

public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        long total = 0;
        while (in.hasNext()) total += Shape.of(in).area();
        System.out.println(total);
    }
}
