import java.io.*;
import java.util.*;

public class MergeSort {
    static void sort(int[] a, int[] t, int lo, int hi) {
        if (hi - lo < 2) return;
        int mid = (lo + hi) >>> 1;
        sort(a, t, lo, mid);
        sort(a, t, mid, hi);
        for (int i = lo, j = mid, k = lo; k < hi; k++)
            t[k] = j >= hi || (i < mid && a[i] <= a[j]) ? a[i++] : a[j++];
        System.arraycopy(t, lo, a, lo, hi - lo);
    }

    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        int[] a = in.lines().mapToInt(Integer::parseInt).toArray();
        sort(a, new int[a.length], 0, a.length);
        PrintWriter out = new PrintWriter(new BufferedWriter(new OutputStreamWriter(System.out)));
        for (int x : a) out.println(x);
        out.flush();
    }
}
