package berm;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.StringReader;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Scanner;
import java.util.StringTokenizer;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import jdk.internal.vm.annotation.Hidden;

/**
 * A JVM that waits for its program, or for what javac shall compile.
 *
 * <p>Arguments: {@code run} or {@code javac}, and the number of the descriptor on which it says that
 * it waits and then hears one packet ({@code berm.cell.waiting}). {@code archive-run} and {@code
 * archive-javac} do the same without waiting, for the class-data archive.
 *
 * <p>The program must not be able to tell. This class comes from the boot class path, where {@link
 * Hidden} counts, and calls the program through a hidden class in the program's own package, so that
 * no frame of it is ever in a stack trace; what {@code main} throws passes through it to the JVM.
 * {@code java}'s own LauncherHelper loads and checks the main class, so that its messages are
 * {@code java}'s.
 */
public final class Parked {
    private static final int PACKET = 96 * 1024;
    private static final int NEWEST = 24; // from 25 on, main may be an instance's

    private Parked() {}

    @Hidden
    public static void main(String[] given) throws Throwable {
        Helper helper = Helper.begin(given);
        if (helper != null) {
            helper.entry().accept(helper.args());
        }
    }

    /** Does everything that can be done beside the main thread, whose stack is the program's. */
    private static final class Helper extends Thread {
        private final String[] given;
        private MethodHandles.Lookup all;
        private MethodHandle load;
        private String[] words;
        private Class<?> loaded;
        private Consumer<String[]> entry;
        private Throwable failure;

        private Helper(String[] given) {
            super("berm");
            this.given = given;
        }

        /** Wait for the program and load its main class; null if there is none to run. */
        static Helper begin(String[] given) throws Throwable {
            if (Runtime.version().feature() > NEWEST) {
                Runtime.getRuntime().halt(3);
            }
            Helper helper = new Helper(given);
            helper.start();
            synchronized (helper) {
                while (helper.words == null && helper.isAlive()) {
                    helper.wait();
                }
            }
            if (helper.words == null) {
                helper.check();
                return null;
            }
            System.setProperty("sun.java.command", String.join(" ", helper.words));
            Class<?> main = (Class<?>) helper.load.invokeExact(true, 1, helper.words[0]);
            synchronized (helper) {
                helper.loaded = main;
                helper.notifyAll();
            }
            helper.join();
            helper.check();
            return helper;
        }

        Consumer<String[]> entry() {
            return entry;
        }

        String[] args() {
            return Arrays.copyOfRange(words, 1, words.length);
        }

        private void check() throws Throwable {
            if (failure != null) {
                throw failure;
            }
        }

        @Override
        public void run() {
            try {
                all = everything();
                load =
                        all.findStatic(
                                Class.forName("sun.launcher.LauncherHelper"),
                                "checkAndLoadMain",
                                MethodType.methodType(
                                        Class.class, boolean.class, int.class, String.class));
                String[] heard = hear(given, all);
                synchronized (this) {
                    words = heard;
                    notifyAll();
                    while (heard != null && loaded == null) {
                        wait();
                    }
                }
                if (heard != null) {
                    entry = Parked.entry(all, loaded);
                }
            } catch (Throwable error) {
                failure = error;
            }
        }
    }

    /** Rehearse, say that we wait, and return what is to be run; null where nothing is. */
    private static String[] hear(String[] given, MethodHandles.Lookup all) throws Throwable {
        boolean compiles = given[0].endsWith("javac");
        if (compiles) {
            rehearseCompilation();
        } else {
            rehearse();
        }
        MethodHandle descriptor =
                all.findConstructor(
                        FileDescriptor.class, MethodType.methodType(void.class, int.class));
        entry(all, Nothing.class).accept(new String[0]);
        System.gc();
        if (given[0].startsWith("archive")) {
            return null;
        }
        FileDescriptor control = (FileDescriptor) descriptor.invoke(Integer.parseInt(given[1]));
        byte[] packet = new byte[PACKET];
        try (FileOutputStream out = new FileOutputStream(control);
                FileInputStream in = new FileInputStream(control)) {
            out.write('p');
            if (in.read(packet) <= 0) {
                Runtime.getRuntime().halt(0);
            }
        }
        DataInputStream from = new DataInputStream(new ByteArrayInputStream(packet));
        String[] words = new String[from.readInt()];
        for (int i = 0; i < words.length; i++) {
            words[i] = text(from);
        }
        unpack(from);
        if (compiles) {
            System.exit(javac(words));
        }
        return words;
    }

    private static String text(DataInputStream from) throws IOException {
        return new String(from.readNBytes(from.readInt()), StandardCharsets.UTF_8);
    }

    private static void unpack(DataInputStream from) throws IOException {
        for (int left = from.readInt(); left > 0; left--) {
            File file = new File(text(from));
            from.readInt(); // the mode: nothing here is executed by name
            byte[] data = from.readNBytes(from.readInt());
            if (file.getParentFile() != null) {
                file.getParentFile().mkdirs();
            }
            try (FileOutputStream out = new FileOutputStream(file)) {
                out.write(data);
            }
        }
    }

    /** A lookup to which nothing is private; the one that the class library itself uses. */
    @SuppressWarnings("deprecation")
    private static MethodHandles.Lookup everything() throws ReflectiveOperationException {
        var field = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
        field.setAccessible(true);
        var unsafe = (sun.misc.Unsafe) field.get(null);
        var lookup = MethodHandles.Lookup.class.getDeclaredField("IMPL_LOOKUP");
        return (MethodHandles.Lookup)
                unsafe.getObject(unsafe.staticFieldBase(lookup), unsafe.staticFieldOffset(lookup));
    }

    // --- the call of the program's main ---------------------------------------------------------

    @SuppressWarnings("unchecked")
    private static Consumer<String[]> entry(MethodHandles.Lookup all, Class<?> main)
            throws Throwable {
        MethodHandles.Lookup made = all.in(main).defineHiddenClass(caller(main), false);
        return (Consumer<String[]>)
                made.findConstructor(made.lookupClass(), MethodType.methodType(void.class))
                        .invoke();
    }

    /**
     * The bytes of a class beside {@code main} that implements Consumer by calling its main method:
     * the JVM's own call, which initializes the class as {@code java} does (JVMS chapter 4).
     */
    private static byte[] caller(Class<?> main) throws IOException {
        String name = main.getName().replace('.', '/');
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeInt(0xCAFEBABE);
        out.writeInt(61); // Java 17
        out.writeShort(22);
        utf(out, name.substring(0, name.lastIndexOf('/') + 1) + "Start"); // 1
        pair(out, 7, 1); // 2: this class
        utf(out, "java/lang/Object"); // 3
        pair(out, 7, 3); // 4
        utf(out, "java/util/function/Consumer"); // 5
        pair(out, 7, 5); // 6
        utf(out, "<init>"); // 7
        utf(out, "()V"); // 8
        pair(out, 12, 7, 8); // 9
        pair(out, 10, 4, 9); // 10: Object()
        utf(out, "accept"); // 11
        utf(out, "(Ljava/lang/Object;)V"); // 12
        utf(out, name); // 13
        pair(out, 7, 13); // 14
        utf(out, "main"); // 15
        utf(out, "([Ljava/lang/String;)V"); // 16
        pair(out, 12, 15, 16); // 17
        pair(out, main.isInterface() ? 11 : 10, 14, 17); // 18: main
        utf(out, "Code"); // 19
        utf(out, "[Ljava/lang/String;"); // 20
        pair(out, 7, 20); // 21
        for (int value : new int[] {0x1030, 2, 4, 1, 6, 0, 2}) { // final, super, one interface
            out.writeShort(value);
        }
        method(out, 7, 8, 0x2a, 0xb7, 0, 10, 0xb1);
        method(out, 11, 12, 0x2b, 0xc0, 0, 21, 0xb8, 0, 18, 0xb1);
        out.writeShort(0);
        return bytes.toByteArray();
    }

    private static void utf(DataOutputStream out, String text) throws IOException {
        out.writeByte(1);
        out.writeUTF(text);
    }

    private static void pair(DataOutputStream out, int tag, int... indices) throws IOException {
        out.writeByte(tag);
        for (int index : indices) {
            out.writeShort(index);
        }
    }

    private static void method(DataOutputStream out, int name, int type, int... code)
            throws IOException {
        for (int value : new int[] {1, name, type, 1, 19}) {
            out.writeShort(value);
        }
        out.writeInt(12 + code.length);
        out.writeShort(1);
        out.writeShort(2);
        out.writeInt(code.length);
        for (int value : code) {
            out.writeByte(value);
        }
        out.writeInt(0);
    }

    // --- what most programs do, done once before there is one ---------------------------------------

    /** A program that does nothing. */
    static final class Nothing {
        public static void main(String[] args) {}
    }

    private record Point(int x, String name) {}

    private static void rehearse() throws IOException {
        byte[] input = "3 4.5 word\nnext line\n1 2 3\n".getBytes(StandardCharsets.UTF_8);
        PrintStream out = new PrintStream(new ByteArrayOutputStream(), true);
        Scanner scanner = new Scanner(new ByteArrayInputStream(input));
        int n = scanner.nextInt();
        String line = scanner.next() + scanner.next() + scanner.nextLine() + scanner.nextLine();
        BufferedReader reader =
                new BufferedReader(new InputStreamReader(new ByteArrayInputStream(input)));
        StringTokenizer tokens = new StringTokenizer(reader.readLine());
        while (tokens.hasMoreTokens()) {
            line += tokens.nextToken();
        }
        Map<String, Integer> counts = new HashMap<>();
        List<Point> points = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            counts.merge("k" + i % 7, 1, Integer::sum);
            points.add(new Point(i, "p" + i + ":" + n + 'c' + 2.5 + true + 7L));
        }
        points.sort((a, b) -> Integer.compare(b.x, a.x));
        PriorityQueue<Point> queue = new PriorityQueue<>((a, b) -> a.name.compareTo(b.name));
        queue.addAll(points);
        new ArrayDeque<>(points).poll();
        new HashSet<>(points).contains(points.get(0));
        new TreeMap<>(counts).forEach((key, value) -> out.println(key + "=" + value));
        String joined =
                IntStream.range(0, 9).mapToObj(i -> "" + i).collect(Collectors.joining(", "));
        int sum = points.stream().filter(p -> p.x % 2 == 0).mapToInt(Point::x).sum();
        out.println(String.format("%d %5.2f %s %-5s|", sum, 1.5, joined, line.strip()));
        out.printf("%s %d%n", Arrays.toString(new int[] {1, 2}), counts.size());
        out.println(new StringBuilder("abc").reverse().append(1).append('c').append(2.0));
        Runnable task = () -> out.print(points.size());
        task.run();
        try {
            Integer.parseInt(line);
        } catch (NumberFormatException error) {
            error.printStackTrace(out);
        }
        new BufferedReader(new StringReader(line)).lines().map(String::trim).toList();
    }

    private static int javac(String[] words) throws Throwable {
        Class<?> tool =
                ClassLoader.getSystemClassLoader().loadClass("com.sun.tools.javac.Main");
        return (int)
                MethodHandles.publicLookup()
                        .findStatic(
                                tool,
                                "compile",
                                MethodType.methodType(int.class, String[].class))
                        .invoke((Object) words);
    }

    private static final String SAMPLE =
            """
            import java.io.*;
            import java.util.*;
            import java.util.function.*;
            import java.util.stream.*;
            public class Sample {
                interface Shape { double area(); }
                record Square(double side) implements Shape {
                    public double area() { return side * side; }
                }
                enum Colour { RED, GREEN }
                static <T extends Comparable<T>> T most(List<T> all) {
                    T best = all.get(0);
                    for (T one : all) if (one.compareTo(best) > 0) best = one;
                    return best;
                }
                static long power(long base, int times) {
                    return times == 0 ? 1 : base * power(base, times - 1);
                }
                public static void main(String[] args) throws IOException {
                    Scanner in = new Scanner(System.in);
                    BufferedReader reader = new BufferedReader(new InputStreamReader(System.in));
                    int n = in.nextInt();
                    int[] numbers = new int[n];
                    for (int i = 0; i < n; i++) { numbers[i] = in.nextInt(); }
                    Map<String, List<Integer>> groups = new TreeMap<>();
                    for (int number : numbers) {
                        groups.computeIfAbsent("k" + number % 3, key -> new ArrayList<>()).add(number);
                    }
                    StringBuilder text = new StringBuilder();
                    groups.forEach((key, value) -> text.append(key).append(value).append('\\n'));
                    Function<Integer, Integer> twice = x -> 2 * x;
                    System.out.println(Arrays.stream(numbers).map(x -> x * x).sum() + text.toString());
                    System.out.println(IntStream.range(0, n).boxed().map(twice)
                        .collect(Collectors.toList()) + " " + most(List.of(1, 2)) + power(2, 10));
                    System.out.printf("%.2f %s%n", new Square(2).area(), Colour.RED);
                    try { throw new IllegalStateException("x"); }
                    catch (RuntimeException error) { System.err.println(error.getMessage()); }
                    switch (n) { case 1: break; default: n++; }
                    while (n > 0) { n -= 1; if (n == 3) continue; }
                }
            }
            """;

    private static void rehearseCompilation() throws Throwable {
        File folder = new File(System.getProperty("java.io.tmpdir"), "sample");
        File source = new File(folder, "Sample.java");
        File made = new File(folder, "made");
        made.mkdirs();
        try (FileOutputStream out = new FileOutputStream(source)) {
            out.write(SAMPLE.getBytes(StandardCharsets.UTF_8));
        }
        String[] words = {
            "-encoding", "UTF-8", "-proc:none", "-d", made.getPath(), source.getPath()
        };
        if (javac(words) != 0) {
            throw new IllegalStateException("the sample does not compile");
        }
        for (File file : made.listFiles()) {
            file.delete();
        }
        made.delete();
        source.delete();
        folder.delete();
    }
}
