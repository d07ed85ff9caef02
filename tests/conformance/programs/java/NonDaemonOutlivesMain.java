public class NonDaemonOutlivesMain {
    public static void main(String[] args) {
        new Thread(() -> {
            try {
                Thread.sleep(60);
            } catch (InterruptedException e) {
                return;
            }
            System.out.println("second");
        }).start();
        Thread daemon = new Thread(() -> {
            while (true) Thread.yield();
        });
        daemon.setDaemon(true);
        daemon.start();
        System.out.println("first");
    }
}
