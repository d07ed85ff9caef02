public class ThreadException {
    public static void main(String[] args) throws Exception {
        Thread t = new Thread(() -> {
            throw new IllegalStateException("in thread");
        }, "worker");
        t.start();
        t.join();
        System.out.println("main ends normally");
    }
}
