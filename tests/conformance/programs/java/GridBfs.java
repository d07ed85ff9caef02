import java.util.*;

public class GridBfs {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int h = in.nextInt(), w = in.nextInt();
        char[][] grid = new char[h][];
        for (int r = 0; r < h; r++) grid[r] = in.next().toCharArray();
        int[][] distance = new int[h][w];
        Deque<int[]> queue = new ArrayDeque<>(List.of(new int[] {0, 0}));
        distance[0][0] = 1;
        int[] dr = {0, 1, 0, -1}, dc = {1, 0, -1, 0};
        while (!queue.isEmpty()) {
            int[] at = queue.poll();
            for (int k = 0; k < 4; k++) {
                int r = at[0] + dr[k], c = at[1] + dc[k];
                if (r < 0 || c < 0 || r >= h || c >= w || grid[r][c] == '#' || distance[r][c] > 0) continue;
                distance[r][c] = distance[at[0]][at[1]] + 1;
                queue.add(new int[] {r, c});
            }
        }
        System.out.printf("%d%n", distance[h - 1][w - 1] - 1);
    }
}
