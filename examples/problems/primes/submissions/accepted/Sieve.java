import java.util.*;

public class Sieve {
    public static void main(String[] args) {
        int n = new Scanner(System.in).nextInt(), count = 0;
        boolean[] sieve = new boolean[n + 1];
        for (int i = 2; i <= n; i++) {
            if (sieve[i]) continue;
            count++;
            for (long j = (long) i * i; j <= n; j += i) sieve[(int) j] = true;
        }
        System.out.println(count);
    }
}
