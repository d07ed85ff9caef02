// id = "memory-direct-java"
// title = "take memory outside of the Java heap"
// guarantee = "memory"
// layers = ["cgroup", "rlimits", "watchdog"]
// source = ["measured: RLIMIT_AS kills Java"]
// expect = ["memory_limit", "exited"]
// limits = { memory = 268435456, wall_time = 8.0, cpu_time = 8.0 }
// bare = "user"
// notes = "Direct buffers bypass -Xmx unless MaxDirectMemorySize is set; mapped files bypass both."
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;

public class Main {
    public static void main(String[] args) throws Exception {
        List<ByteBuffer> blocks = new ArrayList<>();
        long total = 0;
        String refused = "";
        try {
            java.lang.reflect.Field field = Class.forName("sun.misc.Unsafe").getDeclaredField("theUnsafe");
            field.setAccessible(true);
            sun.misc.Unsafe unsafe = (sun.misc.Unsafe) field.get(null);
            for (int i = 0; i < 12; i++) {
                long address = unsafe.allocateMemory(64L << 20);
                unsafe.setMemory(address, 64L << 20, (byte) 1);
                total += 64;
            }
        } catch (Throwable error) {
            refused += error + " ";
        }
        Thread.sleep(700);
        if (total > 512) System.out.println("ESCAPED held " + total + " MiB outside of the heap");
        else System.out.println("HELD " + total + " MiB, then " + refused.replace('\n', ' '));
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }
}
