import java.util.*;

public class NullPointer {
    static Map<String, List<Integer>> index = new HashMap<>();

    public static void main(String[] args) {
        System.out.println("looking up");
        System.out.println(index.get("absent").size());
    }
}
