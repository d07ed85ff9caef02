import java.util.*;

public class MatrixPower {
    static final long MOD = 1_000_000_007L;

    static long[][] times(long[][] a, long[][] b) {
        int n = a.length;
        long[][] c = new long[n][n];
        for (int i = 0; i < n; i++)
            for (int k = 0; k < n; k++)
                for (int j = 0; j < n; j++) c[i][j] = (c[i][j] + a[i][k] * b[k][j]) % MOD;
        return c;
    }

    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        while (in.hasNextLong()) {
            long n = in.nextLong();
            long[][] r = {{1, 0}, {0, 1}}, m = {{1, 1}, {1, 0}};
            for (long e = n; e > 0; e >>= 1, m = times(m, m)) if ((e & 1) == 1) r = times(r, m);
            System.out.println("F(" + n + ") = " + r[0][1]);
        }
    }
}
