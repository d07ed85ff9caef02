import java.util.*;
import java.util.stream.*;

public class Generics {
    interface Monoid<T> {
        T zero();

        T plus(T a, T b);

        default T sum(Collection<? extends T> items) {
            T total = zero();
            for (T item : items) total = plus(total, item);
            return total;
        }
    }

    static <T extends Comparable<? super T>> Optional<T> largest(List<T> items) {
        return items.stream().max(Comparator.naturalOrder());
    }

    public static void main(String[] args) {
        Monoid<String> text = new Monoid<>() {
            public String zero() {
                return "";
            }

            public String plus(String a, String b) {
                return a + b;
            }
        };
        System.out.println(text.sum(List.of("a", "b", "c")) + " " + largest(List.of(3, 9, 4)) + " " + largest(new ArrayList<String>()));
        Map<Boolean, List<Integer>> parts = IntStream.rangeClosed(1, 10).boxed().collect(Collectors.partitioningBy(x -> x % 2 == 0));
        System.out.println(parts + " " + Stream.iterate(1, x -> x * 3).limit(6).toList());
        Object wrong = List.of(1);
        @SuppressWarnings("unchecked") List<String> lie = (List<String>) wrong;
        String s = lie.get(0);
    }
}
