import java.io.*;
import java.nio.file.*;
import java.util.*;

public class Main {
    public static void main(String[] args) throws IOException {
        String mode = args.length > 0 ? args[0] : "hello";
        switch (mode) {
            case "hello":
                System.out.println("Hello, world!");
                break;
            case "echo":
                System.in.transferTo(System.out);
                System.out.flush();
                break;
            case "args":
                for (int i = 1; i < args.length; i++) System.out.println(args[i]);
                break;
            case "exit":
                System.exit(7);
            case "crash":
                throw new IllegalStateException("on purpose");
            case "spin":
                for (long i = 0; ; i++) if (i < 0) break;
                break;
            case "fill":
                for (List<byte[]> all = new ArrayList<>(); ; ) all.add(new byte[100_000]);
            case "read":
                System.out.write(Files.readAllBytes(Paths.get(args[1])));
                System.out.flush();
        }
    }
}
