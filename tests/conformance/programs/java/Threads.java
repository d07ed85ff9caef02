import java.util.concurrent.*;
import java.util.concurrent.atomic.*;

public class Threads {
    static int shared;

    static synchronized void add() {
        shared++;
    }

    public static void main(String[] args) throws Exception {
        AtomicLong atomic = new AtomicLong();
        Thread[] threads = new Thread[3];
        for (int t = 0; t < threads.length; t++) {
            final int id = t;
            threads[t] = new Thread(() -> {
                for (int i = 0; i < 10_000; i++) {
                    atomic.addAndGet(id);
                    add();
                }
            });
            threads[t].start();
        }
        for (Thread t : threads) t.join();
        System.out.println(atomic + " " + shared);
        ExecutorService pool = Executors.newFixedThreadPool(2);
        Future<Integer> answer = pool.submit(() -> 6 * 7);
        System.out.println(answer.get());
        pool.shutdown();
        System.out.println(pool.awaitTermination(5, TimeUnit.SECONDS));
    }
}
