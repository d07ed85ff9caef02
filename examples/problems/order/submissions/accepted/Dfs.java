import java.util.*;

public class Dfs {
    static List<List<Integer>> after = new ArrayList<>();
    static int[] state;
    static Deque<Integer> order = new ArrayDeque<>();

    static boolean visit(int task) {
        if (state[task] == 1) return false;
        if (state[task] == 2) return true;
        state[task] = 1;
        for (int other : after.get(task)) if (!visit(other)) return false;
        state[task] = 2;
        order.push(task);
        return true;
    }

    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int n = in.nextInt(), m = in.nextInt();
        state = new int[n + 1];
        for (int i = 0; i <= n; i++) after.add(new ArrayList<>());
        for (; m > 0; m--) {
            int a = in.nextInt();
            after.get(a).add(in.nextInt());
        }
        for (int i = 1; i <= n; i++)
            if (!visit(i)) {
                System.out.println("IMPOSSIBLE");
                return;
            }
        StringBuilder out = new StringBuilder();
        for (int task : order) out.append(task).append('\n');
        System.out.print(out);
    }
}
