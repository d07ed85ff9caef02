// id = "files-read-java"
// title = "read a host file from Java, also by NIO, by a child and by loading a library"
// guarantee = "filesystem"
// layers = ["pivot-root", "landlock-fs"]
// source = ["CVE-2024-28185"]
// needs = ["secret-file"]
// bare = "user"
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Main {
    static List<String> through = new ArrayList<>();
    static StringBuilder refused = new StringBuilder();

    static void attempt(String label, Callable<String> action) {
        try {
            String text = action.call();
            if (text == null || text.isEmpty()) throw new Exception("empty");
            System.out.println("READ " + text);
            through.add(label);
        } catch (Throwable error) {
            refused.append(label).append('=').append(error.getClass().getSimpleName()).append(' ');
        }
    }

    public static void main(String[] args) {
        Matcher match = Pattern.compile("\"secret_path\": *\"([^\"]*)\"").matcher(args[0]);
        match.find();
        String secret = match.group(1);
        attempt("readString", () -> Files.readString(Paths.get(secret)));
        attempt("random access", () -> { try (RandomAccessFile file = new RandomAccessFile(secret, "r")) { return file.readLine(); } });
        attempt("map", () -> {
            try (FileChannel channel = FileChannel.open(Paths.get(secret))) {
                byte[] text = new byte[(int) channel.size()];
                channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()).get(text);
                return new String(text);
            }
        });
        attempt("link", () -> { Path link = Paths.get("link"); Files.createSymbolicLink(link, Paths.get(secret)); return Files.readString(link); });
        attempt("child", () -> new String(new ProcessBuilder("cat", secret).start().getInputStream().readAllBytes()));
        attempt("library", () -> { try { System.load(secret); } catch (UnsatisfiedLinkError error) { if (error.getMessage().contains("too short") || error.getMessage().contains("ELF")) return error.getMessage(); throw error; } return "loaded"; });
        System.out.println(through.isEmpty() ? "HELD " + refused : "ESCAPED " + through);
    }
}
