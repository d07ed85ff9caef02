import java.io.*;
import java.util.*;
import java.util.function.Function;
import java.util.stream.Collectors;

public class WordCount {
    public static void main(String[] args) throws IOException {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in))) {
            Map<String, Long> counts = in.lines()
                .flatMap(line -> Arrays.stream(line.toLowerCase().split("[^a-z']+")))
                .filter(word -> !word.isEmpty())
                .collect(Collectors.groupingBy(Function.identity(), TreeMap::new, Collectors.counting()));
            counts.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey()))
                .limit(12)
                .forEach(e -> System.out.printf("%-12s|%6d|%n", e.getKey(), e.getValue()));
            System.out.println(counts.size());
        }
    }
}
