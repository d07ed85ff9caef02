import java.util.*;
import java.util.stream.*;

public class KnapsackStreams {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int capacity = in.nextInt();
        int[] best = new int[capacity + 1];
        while (in.hasNextInt()) {
            int w = in.nextInt(), v = in.nextInt();
            for (int c = capacity; c >= w; c--) best[c] = Math.max(best[c], best[c - w] + v);
        }
        System.out.println(best[capacity]);
        System.out.println(IntStream.of(best).distinct().boxed().map(String::valueOf).collect(Collectors.joining(",", "<", ">")));
    }
}
