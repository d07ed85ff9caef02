import java.io.*;
import java.util.*;

public class Dijkstra {
    record Edge(int to, long weight) {}
    record State(int node, long distance) {}

    public static void main(String[] args) throws IOException {
        StreamTokenizer in = new StreamTokenizer(new BufferedInputStream(System.in));
        in.nextToken();
        int n = (int) in.nval;
        in.nextToken();
        int m = (int) in.nval;
        List<List<Edge>> graph = new ArrayList<>();
        for (int i = 0; i < n; i++) graph.add(new ArrayList<>());
        for (int i = 0; i < m; i++) {
            in.nextToken();
            int u = (int) in.nval;
            in.nextToken();
            int v = (int) in.nval;
            in.nextToken();
            long w = (long) in.nval;
            graph.get(u).add(new Edge(v, w));
            graph.get(v).add(new Edge(u, w));
        }
        long[] best = new long[n];
        Arrays.fill(best, Long.MAX_VALUE);
        best[0] = 0;
        var queue = new PriorityQueue<State>(Comparator.comparingLong(State::distance));
        queue.add(new State(0, 0));
        while (!queue.isEmpty()) {
            State s = queue.poll();
            if (s.distance() > best[s.node()]) continue;
            for (Edge e : graph.get(s.node())) {
                long d = s.distance() + e.weight();
                if (d < best[e.to()]) {
                    best[e.to()] = d;
                    queue.add(new State(e.to(), d));
                }
            }
        }
        System.out.println(Arrays.toString(best));
    }
}
