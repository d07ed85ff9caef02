import java.util.*;

public class Collections {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        TreeMap<Integer, String> tree = new TreeMap<>();
        LinkedHashMap<String, Integer> linked = new LinkedHashMap<>();
        while (in.hasNextInt()) {
            int k = in.nextInt();
            String v = in.next();
            tree.put(k, v);
            linked.merge(v, k, Integer::sum);
        }
        System.out.println(tree + " " + tree.floorKey(15) + " " + tree.headMap(20) + " " + tree.descendingMap());
        System.out.println(linked);
        Iterator<Integer> it = tree.keySet().iterator();
        it.next();
        it.remove();
        System.out.println(tree.firstEntry());
        List<Integer> list = new ArrayList<>(List.of(1, 2, 3));
        for (Integer x : list) if (x == 2) list.remove(x);
        System.out.println(list);
        for (Integer x : list) list.add(x);
    }
}
