public class NQueens {
    static int n, count;
    static int[] first;

    static boolean place(int row, int[] at) {
        if (row == n) {
            if (count++ == 0) first = at.clone();
            return true;
        }
        next:
        for (int c = 0; c < n; c++) {
            for (int r = 0; r < row; r++)
                if (at[r] == c || Math.abs(at[r] - c) == row - r) continue next;
            at[row] = c;
            place(row + 1, at);
        }
        return false;
    }

    public static void main(String[] args) throws java.io.IOException {
        n = System.in.read() - '0';
        place(0, new int[n]);
        System.out.println(count);
        for (int c : first) System.out.println(".".repeat(c) + "Q" + ".".repeat(n - 1 - c));
    }
}
