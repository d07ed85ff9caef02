import java.util.stream.*;

public class ParallelStream {
    public static void main(String[] args) {
        System.out.println(LongStream.rangeClosed(1, 100_000).parallel().filter(x -> x % 3 == 0).sum());
        System.out.println(IntStream.range(0, 20).parallel().mapToObj(Integer::toString).collect(Collectors.joining(" ")));
    }
}
