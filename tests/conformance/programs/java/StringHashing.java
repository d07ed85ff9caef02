import java.util.*;

public class StringHashing {
    public static void main(String[] args) {
        String text = new Scanner(System.in).nextLine();
        long mod = (1L << 61) - 1, base = 131;
        int window = 4;
        Map<Long, List<Integer>> places = new LinkedHashMap<>();
        for (int i = 0; i + window <= text.length(); i++) {
            long h = 0;
            for (int k = 0; k < window; k++) h = Math.floorMod(h * base + text.charAt(i + k), mod);
            places.computeIfAbsent(h, x -> new ArrayList<>()).add(i);
        }
        places.forEach((h, at) -> {
            if (at.size() > 1) System.out.println(text.substring(at.get(0), at.get(0) + window) + " " + at);
        });
        System.out.println(text.hashCode() + " " + List.of(1, 2, 3).hashCode() + " " + Objects.hash("a", 1));
    }
}
