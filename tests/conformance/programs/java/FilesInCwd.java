import java.io.*;
import java.nio.file.*;
import java.util.*;

public class FilesInCwd {
    public static void main(String[] args) throws IOException {
        Path p = Path.of("notes.txt");
        Files.writeString(p, "one\ntwo\n");
        Files.write(p, List.of("three"), StandardOpenOption.APPEND);
        System.out.println(Files.readAllLines(p) + " " + Files.size(p));
        Files.createDirectories(Path.of("a/b"));
        Files.move(p, Path.of("a/b/moved"));
        try (var walk = Files.walk(Path.of("a"))) {
            walk.sorted().forEach(System.out::println);
        }
        Path temp = Files.createTempFile("berm", ".tmp");
        System.out.println(Files.exists(temp) + " " + Files.deleteIfExists(temp));
        new FileReader("absent.txt");
    }
}
