public class DeepRecursionThread {
    static long sum(int n) {
        return n == 0 ? 0 : n + sum(n - 1);
    }

    public static void main(String[] args) throws Exception {
        Thread t = new Thread(null, () -> System.out.println(sum(100_000)), "deep", 1 << 26);
        t.start();
        t.join();
    }
}
