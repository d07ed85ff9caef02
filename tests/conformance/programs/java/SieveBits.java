import java.util.BitSet;
import java.util.Scanner;

public class SieveBits {
    public static void main(String[] args) {
        int n = new Scanner(System.in).nextInt();
        BitSet prime = new BitSet(n + 1);
        prime.set(2, n + 1);
        for (int p = 2; (long) p * p <= n; p = prime.nextSetBit(p + 1))
            for (int q = p * p; q <= n; q += p) prime.clear(q);
        System.out.println(prime.cardinality() + " " + prime.previousSetBit(n));
        System.out.println(prime.get(0, 50));
    }
}
