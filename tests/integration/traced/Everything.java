import java.io.*;
import java.nio.channels.*;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;

/** Use what programs use of Java's library; print one line for each. The argument is a directory to write in. */
public class Everything {
    interface Use { void run() throws Exception; }

    static void use(String name, Use use) {
        try { use.run(); System.out.println(name + " ok"); }
        catch (IOException refused) { System.out.println(name + " refused"); }
        catch (Throwable error) { System.out.println(name + " " + error); }
    }

    static int deep(int n) { return deep(n + 1) + 1; }

    public static void main(String[] arguments) throws Exception {
        Path work = Path.of(arguments[0]);
        use("input", () -> { if (new Scanner(System.in).nextInt() != 5) throw new Exception("not 5"); });
        use("threads", () -> {
            ExecutorService pool = Executors.newFixedThreadPool(3);
            List<Future<Integer>> all = new ArrayList<>();
            for (int i = 0; i < 9; i++) { int n = i; all.add(pool.submit(() -> n * n)); }
            for (Future<Integer> one : all) one.get();
            pool.shutdown();
            java.util.stream.IntStream.range(0, 1000).parallel().sum();
            Thread.sleep(3);
        });
        use("memory", () -> {
            Map<Integer, int[]> map = new HashMap<>();
            for (int i = 0; i < 300; i++) map.put(i % 20, new int[100000]);
            System.gc();
        });
        use("stack overflow", () -> { try { deep(0); } catch (StackOverflowError error) { return; } throw new Exception(); });
        use("files", () -> {
            Path file = Files.createTempFile(work, "x", "y");
            Files.writeString(file, "abc");
            Files.copy(file, work.resolve("copy"));
            try (FileChannel from = FileChannel.open(file); FileChannel to = FileChannel.open(work.resolve("to"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                from.transferTo(0, 3, to);
                to.force(true);
            }
            Files.move(work.resolve("copy"), work.resolve("moved"));
            Files.createDirectory(work.resolve("dir"));
            try (var all = Files.walk(work)) { all.count(); }
            Files.delete(file);
            new File(work.toFile(), "moved").delete();
        });
        use("pipes and selectors", () -> { Pipe pipe = Pipe.open(); Selector selector = Selector.open(); selector.selectNow(); selector.close(); pipe.sink().close(); });
        use("time and chance", () -> { java.time.LocalDate.now(); new java.security.SecureRandom().nextInt(); Runtime.getRuntime().availableProcessors(); });
        use("a child process", () -> { if (new ProcessBuilder("/bin/sh", "-c", "exit 3").start().waitFor() != 3) throw new Exception(); });
        use("a network connection", () -> new java.net.Socket("127.0.0.1", 9).close());
        System.exit(3);
    }
}
