import java.util.*;
import java.util.stream.*;

public class UnionFindKruskal {
    static int[] parent;

    static int find(int x) {
        return parent[x] == x ? x : (parent[x] = find(parent[x]));
    }

    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int n = in.nextInt(), m = in.nextInt();
        parent = IntStream.range(0, n).toArray();
        List<int[]> edges = new ArrayList<>();
        for (int i = 0; i < m; i++) edges.add(new int[] {in.nextInt(), in.nextInt(), in.nextInt()});
        edges.sort((a, b) -> Integer.compare(a[2], b[2]));
        long total = 0;
        int used = 0;
        for (int[] e : edges) {
            int a = find(e[0]), b = find(e[1]);
            if (a == b) continue;
            parent[a] = b;
            total += e[2];
            used++;
        }
        System.out.println(total + " " + used);
    }
}
